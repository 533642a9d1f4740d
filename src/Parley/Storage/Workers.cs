namespace Parley.Storage;

/// <summary>Storage calls side by side, but not all at once.</summary>
internal static class Workers
{
    /// <summary>Does something for each item, for at most <paramref name="width"/> of them at once; ends when all are done.</summary>
    /// <returns>The results, in the items' order.</returns>
    public static async Task<TResult[]> RunAsync<T, TResult>(IReadOnlyList<T> items, int width, Func<T, Task<TResult>> work)
    {
        var (results, taken) = (new TResult[items.Count], -1);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(width, items.Count)).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref taken); i < items.Count; i = Interlocked.Increment(ref taken))
            {
                results[i] = await work(items[i]);
            }
        }));
        return results;
    }
}
