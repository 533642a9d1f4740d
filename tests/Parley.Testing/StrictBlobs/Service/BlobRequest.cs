namespace Parley.Testing.BlobService;

/// <summary>The operations, named as in the Blob service's REST reference.</summary>
internal enum BlobOperation
{
    CreateContainer,
    ListBlobs,
    PutBlock,
    PutBlockList,
    CopyBlobFromUrl,
    SetBlobMetadata,
    GetBlob,
    GetBlobProperties,
    DeleteBlob,
}

/// <summary>The list in which a commit looks for a block id ("Put Block List", request body).</summary>
internal enum BlockSource
{
    Committed,
    Uncommitted,
    Latest,
}

/// <summary>A parsed request.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Container">The container.</param>
/// <param name="Name">The blob; empty for the container itself.</param>
internal sealed record BlobRequest(BlobOperation Operation, string Container, string Name)
{
    public const string AnyETag = "*";

    /// <summary>The id of the block to stage.</summary>
    public string BlockId { get; init; } = "";

    /// <summary>The bytes of the block to stage.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>The blocks to commit.</summary>
    public IReadOnlyList<(BlockSource Source, string Id)> Blocks { get; init; } = [];

    /// <summary>The headers to commit.</summary>
    public BlobHeaders Headers { get; init; } = new();

    /// <summary>The blob to copy, of the same account: its container and its name.</summary>
    public (string Container, string Name)? Source { get; init; }

    /// <summary>The bytes to read, both ends included; null for all of them.</summary>
    public (long First, long? Last)? Range { get; init; }

    public string? IfMatch { get; init; }

    public string? IfNoneMatch { get; init; }

    public string Prefix { get; init; } = "";

    /// <summary>The marker from which a list continues.</summary>
    public string? Marker { get; init; }

    public int? MaxResults { get; init; }

    private bool IsWrite => Operation is not (BlobOperation.ListBlobs or BlobOperation.GetBlob or BlobOperation.GetBlobProperties);

    public ForeignCall ToCall() => new(
        "blobs",
        Operation.ToString(),
        Operation switch
        {
            BlobOperation.CreateContainer => Container,
            BlobOperation.ListBlobs => $"{Container}/{Prefix}*",
            _ => $"{Container}/{Name}",
        },
        IsWrite);
}
