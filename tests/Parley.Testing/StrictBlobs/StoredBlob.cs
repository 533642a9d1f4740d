namespace Parley.Testing;

/// <summary>A committed blob.</summary>
/// <param name="Name">The name in the container.</param>
/// <param name="Blocks">The blocks that it consists of, in order.</param>
/// <param name="Headers">The headers that readers receive.</param>
/// <param name="ETag">Increases with every commit and is never used twice.</param>
/// <param name="CreatedAt">The time of the first commit.</param>
/// <param name="ModifiedAt">The time of the last commit.</param>
public sealed record StoredBlob(
    string Name, IReadOnlyList<StoredBlock> Blocks, BlobHeaders Headers, string ETag, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt)
{
    /// <summary>The length in bytes.</summary>
    public long Length => Blocks.Sum(block => (long)block.Content.Length);

    /// <summary>A new copy of the blob's bytes.</summary>
    public byte[] Content()
    {
        var content = new byte[Length];
        var at = 0;
        foreach (var block in Blocks)
        {
            block.Content.Span.CopyTo(content.AsSpan(at));
            at += block.Content.Length;
        }

        return content;
    }
}

/// <summary>A block.</summary>
/// <param name="Id">The block's id in the blob, in base64.</param>
/// <param name="Content">The bytes.</param>
public sealed record StoredBlock(string Id, ReadOnlyMemory<byte> Content);

/// <summary>The headers that a commit sets. A commit clears the headers that it does not name.</summary>
public sealed record BlobHeaders
{
    public string ContentType { get; init; } = "application/octet-stream";

    public string? ContentDisposition { get; init; }

    public string? CacheControl { get; init; }

    public string? ContentEncoding { get; init; }

    public string? ContentLanguage { get; init; }

    /// <summary>The metadata by name; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
