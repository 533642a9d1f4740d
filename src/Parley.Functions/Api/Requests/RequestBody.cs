using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads JSON bodies and enforces the size limit of the route.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <param name="request">The request.</param>
    /// <param name="limit">Maximum size of the body, in bytes.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.UnsupportedMediaType"/>, <see cref="ErrorCode.BodyTooLarge"/> or
    /// <see cref="ErrorCode.MalformedJson"/>, also for an empty body and for JSON that is not an object.
    /// </exception>
    public static async Task<Fields> ReadFieldsAsync(HttpRequest request, int limit)
    {
        RequireJson(request);
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        try
        {
            var bytes = await ReadAsync(request, limit);
            if (!Utf8.IsValid(bytes.Span))
            {
                // The JSON reader validates only the strings that are decoded.
                throw ErrorCode.MalformedJson.With("The body is not valid UTF-8.");
            }

            using var document = JsonDocument.Parse(bytes, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new Fields(document.RootElement.Clone())
                : throw ErrorCode.MalformedJson.With("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is null
                ? "a member is named twice"
                : $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
            throw new ParleyException(ErrorCode.MalformedJson, $"The body is not readable JSON: {place}.", e);
        }
        catch (InvalidOperationException e)
        {
            // The check for duplicate members decodes their names.
            throw new ParleyException(
                ErrorCode.MalformedJson,
                "The body is not readable JSON: a member's name is not valid Unicode.",
                e);
        }
        catch (IOException e)
        {
            // Includes BadHttpRequestException: the client disconnected, or sent less than its Content-Length.
            throw new ParleyException(ErrorCode.MalformedJson, "The body could not be read to its end.", e);
        }
    }

    /// <summary>True for any Content-Encoding but identity; no route decompresses bodies.</summary>
    public static bool IsCompressed(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        return encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase);
    }

    private static void RequireJson(HttpRequest request)
    {
        if (IsCompressed(request))
        {
            throw Unsupported();
        }

        // A body without a media type is read as JSON, because these routes accept nothing else.
        if (!string.IsNullOrEmpty(request.ContentType) && !IsJson(request.ContentType))
        {
            throw Unsupported();
        }
    }

    private static bool IsJson(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
        && (!type.Charset.HasValue
            || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static ParleyException Unsupported() =>
        ErrorCode.UnsupportedMediaType.With("Send the body as application/json in UTF-8, not compressed.");

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int limit)
    {
        var body = new ArrayBufferWriter<byte>((int)Math.Min(request.ContentLength ?? 4096, limit) + 1);
        while (true)
        {
            var read = await request.Body.ReadAsync(body.GetMemory(1), request.HttpContext.RequestAborted);
            if (read == 0)
            {
                return body.WrittenMemory;
            }

            body.Advance(read);
            if (body.WrittenCount > limit)
            {
                throw TooLarge(limit);
            }
        }
    }

    private static ParleyException TooLarge(int limit) =>
        ErrorCode.BodyTooLarge.With($"This path takes bodies of up to {limit} bytes.");
}
