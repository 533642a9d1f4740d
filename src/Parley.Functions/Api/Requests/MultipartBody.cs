using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads multipart/form-data (RFC 7578). Text parts are buffered, and the one file is streamed. Parts with other names
/// are skipped, as unknown members of JSON are.
/// </summary>
internal static class MultipartBody
{
    /// <summary>
    /// Maximum number of bytes of all skipped parts. A request may contain a second file of the same size that only
    /// other servers read, such as a preview.
    /// </summary>
    public const long MaxSkipped = FileStore.MaxBytes;

    // Forms have many fields; of a skipped one nothing is kept.
    public const int MaxParts = 1000;
    private const int MaxHeaders = 16;
    private const int MaxHeaderBytes = 16 * 1024;
    private const int MaxBoundary = 70;

    /// <summary>
    /// Returns the text parts as fields, and the result of <paramref name="receive"/> for the file. The order of parts
    /// has no meaning. Of a repeated text the first one that is not empty counts. A second file is refused, because a
    /// response that names only one would hide the loss.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="fileField">The name of the file part.</param>
    /// <param name="textFields">The names of the text parts.</param>
    /// <param name="textLimit">Maximum size of one text part, in bytes.</param>
    /// <param name="maxParts">Maximum number of parts, at most <see cref="MaxParts"/>.</param>
    /// <param name="receive">Reads the content of the file; its second argument is the file name.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.UnsupportedMediaType"/>, <see cref="ErrorCode.MalformedMultipart"/> or
    /// <see cref="ErrorCode.BodyTooLarge"/>.
    /// </exception>
    public static async Task<(Fields Fields, TFile? File)> ReadAsync<TFile>(
        HttpRequest request,
        string fileField,
        IReadOnlyCollection<string> textFields,
        int textLimit,
        int maxParts,
        Func<Stream, string, Task<TFile>> receive)
        where TFile : class
    {
        var cancellation = request.HttpContext.RequestAborted;
        var reader = new MultipartReader(Boundary(request), request.Body)
        {
            HeadersCountLimit = MaxHeaders,
            HeadersLengthLimit = MaxHeaderBytes,
        };
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var skipped = 0L;
        TFile? file = null;
        try
        {
            for (var parts = 0; await reader.ReadNextSectionAsync(cancellation) is { } section; parts++)
            {
                if (parts == maxParts)
                {
                    throw Malformed($"It has more than {maxParts} parts.");
                }

                if (!PartDisposition.TryParse(section.ContentDisposition, out var disposition))
                {
                    throw Malformed("A part has no Content-Disposition: form-data.");
                }

                if (disposition.Name == fileField)
                {
                    file = file is null
                        ? await receive(section.Body, disposition.ReadFileName())
                        : throw Malformed($"It has more than one {fileField}.");
                }
                else if (textFields.Contains(disposition.Name) && !texts.ContainsKey(disposition.Name))
                {
                    // HTML forms send fields that the user left empty.
                    var text = await ReadTextAsync(section, textLimit, cancellation);
                    if (text.Length > 0)
                    {
                        texts.Add(disposition.Name, text);
                    }
                }
                else
                {
                    skipped = await SkipAsync(section.Body, skipped, cancellation);
                }
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException && !cancellation.IsCancellationRequested)
        {
            // The reader throws these for a body that is cut short or has lines that are too long.
            throw new ParleyException(
                ErrorCode.MalformedMultipart,
                "The body is not readable multipart/form-data, or is cut short.",
                e);
        }

        return (new Fields(JsonSerializer.SerializeToElement(texts, CommonJson.Default.DictionaryStringString)), file);
    }

    private static string Boundary(HttpRequest request)
    {
        var type = new HeaderParameters(request.ContentType);
        if (!type.Is("multipart/form-data") || RequestBody.IsCompressed(request))
        {
            throw ErrorCode.UnsupportedMediaType.With("Send the body as multipart/form-data, not compressed.");
        }

        return type.Find("boundary") is { Length: > 0 and <= MaxBoundary } boundary
            ? boundary
            : throw Malformed($"The boundary must have 1 to {MaxBoundary} characters.");
    }

    private static async Task<string> ReadTextAsync(MultipartSection part, int limit, CancellationToken cancellation)
    {
        // Rented, because a form may have a thousand texts, of which only the first of each name is kept.
        var bytes = ArrayPool<byte>.Shared.Rent(limit + 1);
        var count = await part.Body.ReadAtLeastAsync(
            bytes.AsMemory(0, limit + 1), limit + 1, throwOnEndOfStream: false, cancellation);
        if (count > limit)
        {
            throw ErrorCode.BodyTooLarge.With($"A text part takes up to {limit} bytes.");
        }

        // A part may name its charset (RFC 7578, section 4.5). Apache's HttpClient for Java has ISO-8859-1 as default.
        var charset = new HeaderParameters(part.ContentType).Find("charset") ?? "";
        var text = EncodedText.Decode("UTF-8", bytes.AsSpan(0, count))
            ?? EncodedText.Decode(charset, bytes.AsSpan(0, count))
            ?? throw Malformed("A text part is not valid UTF-8.");

        // Not in a finally block: after a failure an abandoned read may still use the buffer.
        ArrayPool<byte>.Shared.Return(bytes);
        return text;
    }

    /// <summary>Reads a part to its end and keeps nothing.</summary>
    /// <param name="part">The content.</param>
    /// <param name="skipped">The number of bytes skipped before.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The number of bytes skipped so far.</returns>
    private static async Task<long> SkipAsync(Stream part, long skipped, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        int read;
        while ((read = await part.ReadAsync(buffer, cancellation)) > 0)
        {
            skipped += read;
            if (skipped > MaxSkipped)
            {
                throw ErrorCode.BodyTooLarge.With(
                    $"Parts that this path does not know take up to {MaxSkipped / (1024 * 1024)} MiB together.");
            }
        }

        // Not in a finally block: after a failure an abandoned read may still use the buffer.
        ArrayPool<byte>.Shared.Return(buffer);
        return skipped;
    }

    private static ParleyException Malformed(string detail) => ErrorCode.MalformedMultipart.With(detail);
}
