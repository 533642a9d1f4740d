using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads JSON bodies by hand, against the route's own limit.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <summary>The body's object.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">The most bytes that the route takes.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.UnsupportedMediaType"/>, <see cref="ErrorCode.BodyTooLarge"/> or <see cref="ErrorCode.MalformedJson"/>
    /// (also for JSON that is no object, and for an empty body).
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
                // The JSON reader would find this only in the strings that it is asked for.
                throw ErrorCode.MalformedJson.With("The body is not valid UTF-8.");
            }

            using var document = JsonDocument.Parse(bytes, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new Fields(document.RootElement.Clone())
                : throw ErrorCode.MalformedJson.With("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is null ? "a member is named twice" : $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
            throw new ParleyException(ErrorCode.MalformedJson, $"The body is not readable JSON: {place}.", e);
        }
        catch (InvalidOperationException e)
        {
            // The check for duplicates decodes the names.
            throw new ParleyException(ErrorCode.MalformedJson, "The body is not readable JSON: a member's name is not valid Unicode.", e);
        }
        catch (IOException e)
        {
            // Also BadHttpRequestException: the client went away, or sent less than it announced.
            throw new ParleyException(ErrorCode.MalformedJson, "The body could not be read to its end.", e);
        }
    }

    /// <summary>Whether the body is encoded in a way that no path reads.</summary>
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

        // A body without a media type is read as JSON: that is the only thing it could be here.
        if (!string.IsNullOrEmpty(request.ContentType) && !IsJson(request.ContentType))
        {
            throw Unsupported();
        }
    }

    private static bool IsJson(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static ParleyException Unsupported() => ErrorCode.UnsupportedMediaType.With("Send the body as application/json in UTF-8, not compressed.");

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

    private static ParleyException TooLarge(int limit) => ErrorCode.BodyTooLarge.With($"This path takes bodies of up to {limit} bytes.");
}
