using System.Collections.Frozen;
using System.Globalization;
using System.Xml.Linq;
using Azure.Core;

namespace Parley.Testing.BlobService;

/// <summary>
/// Parses requests. An unknown address, option or header throws NotSupportedException; nothing is guessed.
/// </summary>
internal static class BlobRequestReader
{
    // These have no meaning here: credentials, tracing, headers that repeat what the body shows, and
    // x-ms-delete-snapshots, because there are no snapshots. The client sends Expect: 100-continue for a minute after
    // the service was busy (BlobClientOptions.Request100ContinueOptions).
    private static readonly FrozenSet<string> Ignored = new[]
    {
        "Accept", "Authorization", "Content-Length", "Content-Type", "Date", "Expect", "Host", "User-Agent", "x-ms-client-request-id", "x-ms-date",
        "x-ms-delete-snapshots", "x-ms-return-client-request-id", "x-ms-version", "traceparent", "tracestate", "Request-Id",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The prefix of headers that contain metadata.</summary>
    public const string MetadataPrefix = "x-ms-meta-";

    public static BlobRequest Read(Request request)
    {
        var url = request.Uri.ToUri();
        var (container, name) = Split(Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')), '/');
        var options = Options(url.Query);
        var kind = (request.Method.Method, Take("restype"), Take("comp"), HasName: name.Length > 0) switch
        {
            ("PUT", "container", null, false) => BlobOperation.CreateContainer,
            ("GET", "container", "list", false) => BlobOperation.ListBlobs,
            ("PUT", null, "block", true) => BlobOperation.PutBlock,
            ("PUT", null, "blocklist", true) => BlobOperation.PutBlockList,
            ("PUT", null, "metadata", true) => BlobOperation.SetBlobMetadata,
            ("PUT", null, null, true) => BlobOperation.CopyBlobFromUrl,
            ("GET", null, null, true) => BlobOperation.GetBlob,
            ("HEAD", null, null, true) => BlobOperation.GetBlobProperties,
            ("DELETE", null, null, true) => BlobOperation.DeleteBlob,
            _ => throw new NotSupportedException($"StrictBlobs knows no {request.Method} {url}"),
        };
        var read = new BlobRequest(kind, container, name);
        if (kind == BlobOperation.ListBlobs)
        {
            var maxResults = Take("maxresults");
            read = read with
            {
                Prefix = Take("prefix") ?? "",
                Marker = Take("marker"),
                MaxResults = maxResults is null ? null : int.Parse(maxResults, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
            };
        }
        else if (kind == BlobOperation.PutBlock)
        {
            read = read with { BlockId = Take("blockid") ?? "", Content = Body(request) };
        }
        else if (kind == BlobOperation.PutBlockList)
        {
            read = read with { Blocks = ReadBlockList(Body(request)) };
        }

        if (options.Count > 0)
        {
            throw new NotSupportedException($"StrictBlobs does not understand the options {string.Join(", ", options.Keys)} of {kind}.");
        }

        read = request.Headers.Aggregate(read, WithHeader);
        return kind == BlobOperation.CopyBlobFromUrl && read.Source is null
            ? throw new NotSupportedException($"StrictBlobs knows no {request.Method} {url} without a source.")
            : read;

        string? Take(string option) => options.Remove(option, out var value) ? value : null;
    }

    private static BlobRequest WithHeader(BlobRequest request, HttpHeader header)
    {
        var value = header.Value;
        if (header.Name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase) && request.Operation is BlobOperation.PutBlockList or BlobOperation.SetBlobMetadata)
        {
            var metadata = new Dictionary<string, string>(request.Headers.Metadata ?? new Dictionary<string, string>(), StringComparer.OrdinalIgnoreCase) { [header.Name[MetadataPrefix.Length..]] = value };
            return request with { Headers = request.Headers with { Metadata = metadata } };
        }

        return (header.Name.ToLowerInvariant(), request.Operation) switch
        {
            ("if-match", not BlobOperation.PutBlock) => request with { IfMatch = value },
            ("if-none-match", not BlobOperation.PutBlock) => request with { IfNoneMatch = value },
            ("x-ms-copy-source", BlobOperation.CopyBlobFromUrl) => request with { Source = Split(Uri.UnescapeDataString(new Uri(value).AbsolutePath.TrimStart('/')), '/') },
            ("x-ms-requires-sync", BlobOperation.CopyBlobFromUrl) when value == "true" => request,
            ("range" or "x-ms-range", BlobOperation.GetBlob) => request with { Range = ReadRange(value) },
            ("x-ms-blob-content-type", BlobOperation.PutBlockList) => request with { Headers = request.Headers with { ContentType = value } },
            ("x-ms-blob-content-disposition", BlobOperation.PutBlockList) => request with { Headers = request.Headers with { ContentDisposition = value } },
            ("x-ms-blob-cache-control", BlobOperation.PutBlockList) => request with { Headers = request.Headers with { CacheControl = value } },
            ("x-ms-blob-content-encoding", BlobOperation.PutBlockList) => request with { Headers = request.Headers with { ContentEncoding = value } },
            ("x-ms-blob-content-language", BlobOperation.PutBlockList) => request with { Headers = request.Headers with { ContentLanguage = value } },
            ("x-ms-delete-snapshots", not BlobOperation.DeleteBlob) => throw Unknown(request, header),
            ("x-ms-delete-snapshots", _) when value != "include" => throw Unknown(request, header),
            _ => Ignored.Contains(header.Name) ? request : throw Unknown(request, header),
        };
    }

    private static (long First, long? Last) ReadRange(string value)
    {
        var (first, last) = Split(value.Replace("bytes=", "", StringComparison.Ordinal), '-');
        return (long.Parse(first, NumberStyles.None, CultureInfo.InvariantCulture), last.Length == 0 ? null : long.Parse(last, NumberStyles.None, CultureInfo.InvariantCulture));
    }

    private static IReadOnlyList<(BlockSource Source, string Id)> ReadBlockList(ReadOnlyMemory<byte> body)
    {
        using var stream = new MemoryStream(body.ToArray());
        return [.. XDocument.Load(stream).Root!.Elements().Select(block => (Enum.Parse<BlockSource>(block.Name.LocalName), block.Value))];
    }

    private static Dictionary<string, string> Options(string query) =>
        query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(option => Split(option, '='))
            .ToDictionary(option => Uri.UnescapeDataString(option.Before), option => Uri.UnescapeDataString(option.After), StringComparer.Ordinal);

    private static ReadOnlyMemory<byte> Body(Request request)
    {
        using var stream = new MemoryStream();
        request.Content?.WriteTo(stream, CancellationToken.None);
        return stream.ToArray();
    }

    private static (string Before, string After) Split(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }

    private static NotSupportedException Unknown(BlobRequest request, HttpHeader header) =>
        new($"StrictBlobs does not understand the header {header.Name}: {header.Value} of {request.Operation}.");
}
