using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads JSON bodies and enforces the size limit of the route.</summary>
internal static class RequestBody
{
    /// <summary>
    /// A body may have one JSON token (a value, a name, or an end of an object or list) for so many bytes that the path
    /// takes. A token takes as long to read as hundreds of characters of a text, so a body of brackets alone would
    /// keep an instance busy. The largest free-form objects that the paths store have fewer tokens.
    /// </summary>
    private const int BytesPerToken = 8;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    private static readonly JsonElement EmptyObject = JsonDocument.Parse("{}").RootElement.Clone();

    /// <summary>
    /// Like <see cref="ReadFieldsAsync"/>, but a request without a body counts as an empty object. Many clients name a
    /// content type without sending any.
    /// </summary>
    public static Task<Fields> ReadOptionalFieldsAsync(HttpRequest request, int limit) =>
        IsAbsent(request)
            ? Task.FromResult(new Fields(EmptyObject, RequestRules.Of(request)))
            : ReadFieldsAsync(request, limit);

    /// <summary>
    /// Reads a body whose fields are all optional. The rules of the request decide whether the body is too.
    /// </summary>
    public static Task<Fields> ReadFieldsIfAnyAsync(HttpRequest request, int limit) =>
        RequestRules.Of(request).TakesAbsentBodies
            ? ReadOptionalFieldsAsync(request, limit)
            : ReadFieldsAsync(request, limit);

    /// <summary>True for a request without a body, or with an empty one, whatever its content type.</summary>
    public static bool IsAbsent(HttpRequest request) =>
        request.ContentLength is null or 0 && request.Headers.TransferEncoding.Count == 0;

    /// <param name="request">The request.</param>
    /// <param name="limit">Maximum size of the body, in bytes.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.UnsupportedMediaType"/>, <see cref="ErrorCode.BodyTooLarge"/> or
    /// <see cref="ErrorCode.MalformedJson"/>, also for an empty body and for JSON that is not an object.
    /// </exception>
    public static async Task<Fields> ReadFieldsAsync(HttpRequest request, int limit)
    {
        RequireJson(request);
        try
        {
            var bytes = await ReadAsync(request, limit);
            var json = WithoutByteOrderMark(bytes);
            RequireFewTokens(json.Span, limit / BytesPerToken);
            using var document = JsonDocument.Parse(json, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new Fields(document.RootElement.Clone(), RequestRules.Of(request))
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

    /// <summary>Reads a body of any type.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Maximum size of the body, in bytes.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.BodyTooLarge"/>.</exception>
    /// <exception cref="IOException">The client disconnected, or sent less than its Content-Length.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int limit)
    {
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

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

    /// <summary>Parameters, such as a charset, have no effect: JSON is in UTF-8 (RFC 8259, section 11).</summary>
    private static bool IsJson(string contentType)
    {
        var type = new HeaderParameters(contentType);
        return type.Is("application/json") || type.Value.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A receiver may ignore a byte order mark (RFC 8259, section 8.1).</summary>
    private static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> bytes)
    {
        // JSON begins with an ASCII character, so a NUL next to it is a part of a longer code unit. Without that, this
        // begins with the mark of UTF-16.
        if (bytes.Span is [0, ..] or [_, 0, ..] or [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..])
        {
            throw ErrorCode.MalformedJson.With("The body is in UTF-16 or UTF-32; send UTF-8.");
        }

        // The JSON reader validates only the strings that are decoded.
        if (!Utf8.IsValid(bytes.Span))
        {
            throw ErrorCode.MalformedJson.With("The body is not valid UTF-8.");
        }

        return bytes.Span is [0xEF, 0xBB, 0xBF, ..] ? bytes[3..] : bytes;
    }

    /// <summary>Refuses a body of too many tokens before they are parsed.</summary>
    private static void RequireFewTokens(ReadOnlySpan<byte> json, int max)
    {
        // An upper bound, which is fast to count: texts with these characters make it too high.
        var opened = json.Count((byte)'[') + json.Count((byte)'{');
        if ((2 * opened) + json.Count((byte)',') + json.Count((byte)':') < max)
        {
            return;
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Strict.MaxDepth });
        for (var tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == max)
            {
                throw ErrorCode.BodyTooLarge.With($"This path takes bodies of up to {max} JSON values and names.");
            }
        }
    }

    private static ParleyException Unsupported() =>
        ErrorCode.UnsupportedMediaType.With("Send the body as application/json in UTF-8, not compressed.");

    private static ParleyException TooLarge(int limit) =>
        ErrorCode.BodyTooLarge.With($"This path takes bodies of up to {limit} bytes.");
}
