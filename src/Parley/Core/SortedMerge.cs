using System.Runtime.CompilerServices;

namespace Parley.Core;

internal static class SortedMerge
{
    /// <summary>Merges sorted streams. Each one is read only as far as the result needs it.</summary>
    /// <param name="sources">Each in the order of <paramref name="comparer"/>.</param>
    /// <param name="comparer">The order of the sources and of the result.</param>
    public static async IAsyncEnumerable<T> MergeAsync<T>(
        IReadOnlyCollection<IAsyncEnumerable<T>> sources,
        IComparer<T> comparer,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var readers = sources.Select(source => source.GetAsyncEnumerator(cancellation)).ToList();
        try
        {
            var next = new PriorityQueue<IAsyncEnumerator<T>, T>(comparer);
            var begun = await Task.WhenAll(readers.Select(reader => reader.MoveNextAsync().AsTask()));
            next.EnqueueRange(readers.Where((_, i) => begun[i]).Select(reader => (reader, reader.Current)));
            while (next.TryDequeue(out var first, out var item))
            {
                yield return item;
                if (await first.MoveNextAsync())
                {
                    next.Enqueue(first, first.Current);
                }
            }
        }
        finally
        {
            foreach (var reader in readers)
            {
                await reader.DisposeAsync();
            }
        }
    }
}
