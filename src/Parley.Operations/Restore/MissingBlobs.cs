using System.Runtime.CompilerServices;
using Azure.Storage.Blobs.Models;
using Parley.Operations.Format;

namespace Parley.Operations.Restore;

/// <summary>
/// Compares the names in a back-up with the blobs of the account. Both are in the order of names, so memory stays
/// flat.
/// </summary>
internal sealed class MissingBlobs(Account account, Progress progress)
{
    private const int Shown = 20;

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
                if (found.Count < Shown)
                {
                    found.Add($"  {named.Container}/{named.Name}: " + (isThere ? $"{stored.Current.Bytes} bytes, not {named.Bytes}" : $"missing, {named.Bytes} bytes"));
                }
            }
        }

        progress.End();
        progress.Say(missing == 0
            ? "All blobs that the back-up names are in the account."
            : $"{missing} blobs that the back-up names are not in the account. Copy them with a storage copy tool; {path} lists all names.");
        found.ForEach(progress.Say);
    }

    private async IAsyncEnumerable<BlobLine> StoredAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var container in Account.Containers)
        {
            var blobs = account.Blobs.GetBlobContainerClient(container).GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, cancellation);
            await foreach (var blob in blobs)
            {
                yield return BlobLine.Of(container, blob);
            }
        }
    }

    private static int Compare(BlobLine left, BlobLine right) => string.CompareOrdinal(left.Container, right.Container) is not 0 and var order
        ? order
        : string.CompareOrdinal(left.Name, right.Name);
}
