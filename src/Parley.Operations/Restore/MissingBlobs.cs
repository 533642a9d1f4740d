using System.Runtime.CompilerServices;
using Azure.Storage.Blobs.Models;
using Parley.Operations.Format;

namespace Parley.Operations.Restore;

/// <summary>
/// Compares the blob names in a back-up with the blobs of the account. Both lists are sorted by name, so memory use
/// does not depend on the number of blobs.
/// </summary>
internal sealed class MissingBlobs(Account account, Progress progress)
{
    private const int MaxListed = 20;

    public async Task ReportAsync(string path, CancellationToken cancellation)
    {
        progress.Begin("Blobs named", "blobs");
        var found = new List<string>();
        var missing = 0L;
        await using var stored = StoredAsync(cancellation).GetAsyncEnumerator(cancellation);
        var isMore = await stored.MoveNextAsync();
        await foreach (var named in LineFile.ReadAsync(path, BlobLine.Read, cancellation))
        {
            while (isMore && Compare(stored.Current, named) < 0)
            {
                isMore = await stored.MoveNextAsync();
            }

            progress.Add(1);
            var isThere = isMore && Compare(stored.Current, named) == 0;
            if (!isThere || stored.Current.Bytes != named.Bytes)
            {
                missing++;
                if (found.Count < MaxListed)
                {
                    var difference = isThere
                        ? $"{stored.Current.Bytes} bytes, not {named.Bytes}"
                        : $"missing, {named.Bytes} bytes";
                    found.Add($"  {named.Container}/{named.Name}: {difference}");
                }
            }
        }

        progress.End();
        progress.Print(missing == 0
            ? "All blobs that the back-up names are in the account."
            : $"{missing} blobs that the back-up names are not in the account. "
                + $"Copy them with a storage copy tool; {path} lists all names.");
        found.ForEach(progress.Print);
    }

    private async IAsyncEnumerable<BlobLine> StoredAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var container in Account.Containers)
        {
            var blobs = account.Blobs.GetBlobContainerClient(container)
                .GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, cancellation);
            await foreach (var blob in blobs)
            {
                yield return BlobLine.Of(container, blob);
            }
        }
    }

    private static int Compare(BlobLine left, BlobLine right) =>
        string.CompareOrdinal(left.Container, right.Container) is not 0 and var order
            ? order
            : string.CompareOrdinal(left.Name, right.Name);
}
