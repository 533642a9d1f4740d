using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Files;
using Parley.Spreadsheets;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// The blob that an attempt writes. The attempts at a csv or jsonl file share one: each that is not the first takes it
/// over before it writes, by committing the blocks of the checkpoint. That gives the blob a new ETag, and a commit is
/// only carried out under the ETag of the attempt's own take-over. So a late attempt can stage blocks, which have ids
/// of their own and are in no other attempt's list, but it cannot change the file.
/// </summary>
/// <remarks>
/// A lease of the blob would refuse the same commits, and also the deletion of the file by a client, by the expiry and
/// by the erasure of a tenant, until someone breaks it.
/// </remarks>
internal sealed class ExportBlob : IAsyncDisposable
{
    /// <summary>Another attempt's commit may come between reading the ETag and the take-over.</summary>
    private const int TakeOverRetries = 3;

    /// <summary>Names the attempt that committed the whole file.</summary>
    private const string WriterMetadata = "writer";

    private readonly BlockBlobClient blob;
    private readonly BlobHttpHeaders headers;
    private readonly string? writer;
    private readonly BlobRequestConditions? conditions;

    private ExportBlob(
        BlockBlobClient blob,
        BlobHttpHeaders headers,
        string? writer,
        BlobRequestConditions? conditions,
        ExportCheckpoint? start,
        BlockWriter blocks)
    {
        (this.blob, this.headers, this.writer, this.conditions) = (blob, headers, writer, conditions);
        (Start, Blocks) = (start, blocks);
    }

    /// <summary>The checkpoint behind which the attempt goes on; null when it begins the file.</summary>
    public ExportCheckpoint? Start { get; }

    /// <summary>The stream of the attempt's bytes.</summary>
    public BlockWriter Blocks { get; }

    /// <summary>True when a later attempt can go on behind a checkpoint of this one.</summary>
    public bool IsResumable => writer is not null;

    /// <summary>Opens a blob that only this attempt writes.</summary>
    /// <param name="beforeBlock">Runs before each block is sent; it ends the writing by throwing.</param>
    public static ExportBlob OpenOwn(
        BlockBlobClient blob, BlobHttpHeaders headers, int blockBytes, Action beforeBlock) =>
        new(blob, headers, writer: null, conditions: null, start: null, new BlockWriter(blob, blockBytes, beforeBlock));

    /// <summary>Opens the blob that all attempts at a file share.</summary>
    /// <param name="export">The export under the attempt's lease, whose id tells its blocks from others.</param>
    /// <param name="beforeBlock">Runs before each block is sent; it ends the writing by throwing.</param>
    public static async Task<ExportBlob> OpenSharedAsync(
        BlockBlobClient blob,
        BlobHttpHeaders headers,
        Export export,
        int blockBytes,
        Action beforeBlock,
        CancellationToken cancellation)
    {
        // The first attempt's commit creates the blob, and fails if a later one has taken the blob over.
        var (conditions, start) = export is { AttemptsStarted: 1, Checkpoint: null }
            ? (Absent, null)
            : await TakeOverAsync(blob, export.Checkpoint, cancellation);
        var digest = start is null ? new ResumableSha256() : ResumableSha256.Restore(start.Digest);
        var lease = export.LeaseId!;
        var behind = new BlockStart(lease, start?.BlockIds() ?? [], digest);
        return new ExportBlob(
            blob, headers, lease, conditions, start, new BlockWriter(blob, blockBytes, beforeBlock, behind));
    }

    /// <summary>Stores all rows so far, so that a later attempt can go on behind them.</summary>
    /// <param name="position">The position of the last row.</param>
    public async Task<ExportCheckpoint> CheckpointAsync(
        TableWriter table, string position, CancellationToken cancellation)
    {
        var counts = await table.FlushAsync(cancellation);
        var digest = await Blocks.CheckpointAsync(cancellation);
        var blocks = ExportCheckpoint.BlocksOf(Start?.Blocks ?? [], writer!, Blocks.BlockIds.Count);
        return new ExportCheckpoint(blocks, counts, position, digest);
    }

    /// <summary>
    /// Makes the whole file readable, unless another attempt has taken the blob over. It may be repeated, also after a
    /// lost response.
    /// </summary>
    /// <exception cref="RequestFailedException">409 or 412: another attempt has taken the blob over.</exception>
    public async Task CommitAsync(CancellationToken cancellation)
    {
        var options = new CommitBlockListOptions { HttpHeaders = headers, Conditions = conditions };
        if (writer is not null)
        {
            options.Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [WriterMetadata] = writer };
        }

        try
        {
            await blob.CommitBlockListAsync(Blocks.BlockIds, options, cancellation);
        }
        catch (RequestFailedException e) when (writer is not null && IsConditionUnmet(e))
        {
            // The storage client repeats a call whose response is lost, and then meets the blob that it committed.
            var found = await FindAsync(blob, cancellation);
            if (found?.Metadata.TryGetValue(WriterMetadata, out var committer) != true || committer != writer)
            {
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Blocks.DisposeAsync();

    private static BlobRequestConditions Absent => new() { IfNoneMatch = ETag.All };

    /// <summary>
    /// Commits the blocks of a checkpoint, whatever the blob has. Storage drops all other blocks, and no longer drops
    /// those of the checkpoint after a week.
    /// </summary>
    /// <returns>
    /// The conditions of this attempt's commit, and the checkpoint; null when its blocks no longer exist.
    /// </returns>
    private static async Task<(BlobRequestConditions Conditions, ExportCheckpoint? Start)> TakeOverAsync(
        BlockBlobClient blob, ExportCheckpoint? checkpoint, CancellationToken cancellation)
    {
        for (var retries = TakeOverRetries; ; retries--)
        {
            var found = await FindAsync(blob, cancellation);
            var options = new CommitBlockListOptions
            {
                Conditions = found is null ? Absent : new BlobRequestConditions { IfMatch = found.ETag },
            };
            try
            {
                var taken = await blob.CommitBlockListAsync(checkpoint?.BlockIds() ?? [], options, cancellation);
                return (new BlobRequestConditions { IfMatch = taken.Value.ETag }, checkpoint);
            }
            catch (RequestFailedException e)
                when (checkpoint is not null && e.ErrorCode == BlobErrorCode.InvalidBlockList)
            {
                // Storage has dropped the blocks after a week, or the blob was deleted: the file is begun again.
                checkpoint = null;
            }
            catch (RequestFailedException e) when (retries > 0 && IsConditionUnmet(e))
            {
                // A late commit of an earlier attempt came first; there is one at most for each of them.
            }
        }
    }

    private static bool IsConditionUnmet(RequestFailedException e) =>
        e.ErrorCode == BlobErrorCode.BlobAlreadyExists || e.IsPreconditionFailed();

    private static async Task<BlobProperties?> FindAsync(BlockBlobClient blob, CancellationToken cancellation)
    {
        try
        {
            return await blob.GetPropertiesAsync(cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            return null;
        }
    }
}
