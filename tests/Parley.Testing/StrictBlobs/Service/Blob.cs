namespace Parley.Testing.BlobService;

/// <summary>
/// The state under one blob name: the committed blob, which is all that readers see, and the uncommitted blocks.
/// </summary>
internal sealed class Blob
{
    /// <summary>"Put Block", remarks.</summary>
    private const int MaxUncommitted = 100_000;

    /// <summary>"Put Block List", remarks.</summary>
    private const int MaxCommitted = 50_000;

    /// <summary>"Put Block": the maximum length of a block id in bytes, before base64 encoding.</summary>
    private const int MaxIdBytes = 64;

    /// <summary>"Put Block": uncommitted blocks are discarded a week after the last one was staged.</summary>
    private static readonly TimeSpan UncommittedLifetime = TimeSpan.FromDays(7);

    private readonly Dictionary<string, StoredBlock> staged = new(StringComparer.Ordinal);
    private DateTimeOffset lastStagedAt;

    public StoredBlob? Committed { get; private set; }

    public BlobError? Stage(string id, ReadOnlyMemory<byte> content, DateTimeOffset now)
    {
        DropForgotten(now);
        if (!Convert.TryFromBase64String(id, new byte[id.Length], out var bytes) || bytes is 0 or > MaxIdBytes)
        {
            return BlobError.InvalidBlockId;
        }

        if (content.IsEmpty)
        {
            return BlobError.EmptyBlock;
        }

        if (staged.Keys.FirstOrDefault() is { } other && other.Length != id.Length)
        {
            return BlobError.InvalidBlobOrBlock;
        }

        if (staged.Count == MaxUncommitted && !staged.ContainsKey(id))
        {
            return BlobError.TooManyBlocks;
        }

        staged[id] = new StoredBlock(id, content);
        lastStagedAt = now;
        return null;
    }

    /// <summary>A block of one of the lists; null if it is not there.</summary>
    public StoredBlock? Find(BlockSource source, string id) =>
        (source == BlockSource.Committed ? null : staged.GetValueOrDefault(id))
        ?? (source == BlockSource.Uncommitted ? null : Committed?.Blocks.FirstOrDefault(one => one.Id == id));

    /// <summary>
    /// Commits the listed blocks as the blob's content. Staged blocks that are not listed are discarded.
    /// </summary>
    public BlobError? Commit(BlobRequest request, string etag, DateTimeOffset now)
    {
        DropForgotten(now);
        if (request.Blocks.Count > MaxCommitted)
        {
            return BlobError.BlockListTooLong;
        }

        var blocks = new List<StoredBlock>(request.Blocks.Count);
        foreach (var (source, id) in request.Blocks)
        {
            if (Find(source, id) is not { } block)
            {
                return BlobError.InvalidBlockList;
            }

            blocks.Add(block);
        }

        Committed = new StoredBlob(request.Name, blocks, request.Headers, etag, Committed?.CreatedAt ?? now, now);
        staged.Clear();
        return null;
    }

    /// <summary>Replaces the committed blob.</summary>
    public void Replace(StoredBlob blob) => Committed = blob;

    private void DropForgotten(DateTimeOffset now)
    {
        if (now >= lastStagedAt + UncommittedLifetime)
        {
            staged.Clear();
        }
    }
}
