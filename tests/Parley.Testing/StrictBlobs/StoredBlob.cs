namespace Parley.Testing;

/// <summary>A committed blob.</summary>
/// <param name="Name">Its name in the container.</param>
/// <param name="Blocks">The blocks that it consists of, in their order.</param>
/// <param name="Headers">What readers are told of it.</param>
/// <param name="ETag">Rising with every commit, never given out twice.</param>
/// <param name="CreatedAt">The first commit.</param>
/// <param name="ModifiedAt">The last one.</param>
public sealed record StoredBlob(
    string Name, IReadOnlyList<StoredBlock> Blocks, BlobHeaders Headers, string ETag, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt)
{
    /// <summary>How many bytes it has.</summary>
    public long Length => Blocks.Sum(block => (long)block.Content.Length);

    /// <summary>Its bytes, put together anew each time.</summary>
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
/// <param name="Id">Its id in the blob, in base64.</param>
/// <param name="Content">Its bytes.</param>
public sealed record StoredBlock(string Id, ReadOnlyMemory<byte> Content);

/// <summary>The headers that a commit sets; those that it does not name are cleared.</summary>
public sealed record BlobHeaders
{
    public string ContentType { get; init; } = "application/octet-stream";

    public string? ContentDisposition { get; init; }

    public string? CacheControl { get; init; }

    public string? ContentEncoding { get; init; }

    public string? ContentLanguage { get; init; }
}
