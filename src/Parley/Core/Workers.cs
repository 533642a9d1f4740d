namespace Parley.Core;

/// <summary>Storage calls side by side, but not all at once.</summary>
internal static class Workers
{
    /// <summary>Does something for each item, for at most <paramref name="width"/> of them at once; ends when all are done.</summary>
    /// <returns>The results, in the items' order.</returns>
    public static async Task<TResult[]> RunAsync<T, TResult>(IReadOnlyList<T> items, int width, Func<T, Task<TResult>> work)
    {
        var results = new TResult[items.Count];
        await RunAsync([.. items.Index()], width, async Task (item) => results[item.Index] = await work(item.Item));
        return results;
    }

    /// <summary>The same for what has no result.</summary>
    public static Task RunAsync<T>(IReadOnlyList<T> items, int width, Func<T, Task> work)
    {
        var taken = -1;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(width, items.Count)).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref taken); i < items.Count; i = Interlocked.Increment(ref taken))
            {
                await work(items[i]);
            }
        }));
    }
}
