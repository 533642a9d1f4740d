namespace Parley.Core;

/// <summary>Runs storage calls in parallel, up to a limit.</summary>
internal static class Workers
{
    /// <summary>Runs work for each item, for at most <paramref name="width"/> items at a time.</summary>
    /// <returns>The results in the order of the items, after all have completed.</returns>
    public static async Task<TResult[]> RunAsync<T, TResult>(
        IReadOnlyList<T> items, int width, Func<T, Task<TResult>> work)
    {
        var results = new TResult[items.Count];
        await RunAsync([.. items.Index()], width, async Task (item) => results[item.Index] = await work(item.Item));
        return results;
    }

    public static Task RunAsync<T>(IReadOnlyList<T> items, int width, Func<T, Task> work)
    {
        var started = -1;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(width, items.Count)).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref started);
                i < items.Count;
                i = Interlocked.Increment(ref started))
            {
                await work(items[i]);
            }
        }));
    }
}
