using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Blobs.Models;

namespace Parley.Operations.Format;

/// <summary>A blob's name, size, hash and headers. A back-up does not contain the blob's content.</summary>
internal sealed record BlobLine(
    string Container,
    string Name,
    long Bytes,
    string? ContentMd5,
    string? ETag,
    string? ContentType,
    string? ContentDisposition,
    string? CacheControl,
    IReadOnlyDictionary<string, string>? Metadata)
{
    private const string NoBlob = "It names no blob.";

    public static BlobLine Of(string container, BlobItem blob) => new(
        container,
        blob.Name,
        blob.Properties.ContentLength ?? 0,
        blob.Properties.ContentHash is { } hash ? Convert.ToBase64String(hash) : null,
        blob.Properties.ETag?.ToString(),
        blob.Properties.ContentType,
        blob.Properties.ContentDisposition,
        blob.Properties.CacheControl,
        blob.Metadata is { Count: > 0 } metadata ? metadata.ToDictionary() : null);

    public ReadOnlyMemory<byte> Write() => JsonSerializer.SerializeToUtf8Bytes(this, BlobLineJson.Default.BlobLine);

    /// <exception cref="FormatException">The line is not a valid blob line.</exception>
    public static BlobLine Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, BlobLineJson.Default.BlobLine) ?? throw new FormatException(NoBlob);
        }
        catch (JsonException e)
        {
            throw new FormatException(NoBlob, e);
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BlobLine))]
internal sealed partial class BlobLineJson : JsonSerializerContext;
