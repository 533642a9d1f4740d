using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads multipart/form-data (RFC 7578). Text parts are buffered, and the one file is streamed.</summary>
internal static class MultipartBody
{
    private const int MaxParts = 16;
    private const int MaxHeaders = 16;
    private const int MaxHeaderBytes = 16 * 1024;
    private const int MaxBoundary = 70;

    /// <summary>Returns the text parts as fields, and the result of <paramref name="receive"/> for the file.</summary>
    /// <param name="request">The request.</param>
    /// <param name="fileField">The name of the file part.</param>
    /// <param name="textLimit">Maximum size of one text part, in bytes.</param>
    /// <param name="receive">Reads the content of the file; its second argument is the file name.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.UnsupportedMediaType"/>, <see cref="ErrorCode.MalformedMultipart"/> or
    /// <see cref="ErrorCode.BodyTooLarge"/>.
    /// </exception>
    public static async Task<(Fields Fields, TFile? File)> ReadAsync<TFile>(
        HttpRequest request,
        string fileField,
        int textLimit,
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
        TFile? file = null;
        try
        {
            for (var parts = 0; await reader.ReadNextSectionAsync(cancellation) is { } section; parts++)
            {
                if (parts == MaxParts)
                {
                    throw Malformed($"It has more than {MaxParts} parts.");
                }

                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
                    || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase))
                {
                    throw Malformed("A part has no Content-Disposition: form-data.");
                }

                var name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
                if (name != fileField)
                {
                    var text = await ReadTextAsync(section.Body, textLimit, cancellation);
                    if (!texts.TryAdd(name, text))
                    {
                        throw Malformed("Two parts have one name.");
                    }
                }
                else if (file is null)
                {
                    file = await receive(section.Body, FileName(disposition));
                }
                else
                {
                    throw Malformed($"It has more than one {fileField}.");
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

        // HTML forms send fields that the user left empty.
        var filled = texts.Where(text => text.Value.Length > 0).ToDictionary();
        return (new Fields(JsonSerializer.SerializeToElement(filled, CommonJson.Default.DictionaryStringString)), file);
    }

    private static string Boundary(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || RequestBody.IsCompressed(request))
        {
            throw ErrorCode.UnsupportedMediaType.With("Send the body as multipart/form-data, not compressed.");
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= MaxBoundary
            ? boundary
            : throw Malformed($"The boundary must have 1 to {MaxBoundary} characters.");
    }

    /// <summary>
    /// The file name is in UTF-8 (RFC 7578, section 4.2). A quote in it is sent as <c>\"</c>, or by browsers as
    /// <c>%22</c> (HTML, multipart/form-data encoding algorithm). Other backslashes stay, because some clients send
    /// Windows paths.
    /// </summary>
    private static string FileName(ContentDispositionHeaderValue disposition) => disposition.FileNameStar.HasValue
        ? disposition.FileNameStar.ToString()
        : HeaderUtilities.RemoveQuotes(disposition.FileName).ToString()
            .Replace("\\\"", "\"", StringComparison.Ordinal)
            .Replace("%22", "\"", StringComparison.Ordinal);

    private static async Task<string> ReadTextAsync(Stream body, int limit, CancellationToken cancellation)
    {
        var bytes = new byte[limit + 1];
        var count = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        if (count > limit)
        {
            throw ErrorCode.BodyTooLarge.With($"A text part takes up to {limit} bytes.");
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, count);
        }
        catch (DecoderFallbackException e)
        {
            throw new ParleyException(ErrorCode.MalformedMultipart, "A text part is not valid UTF-8.", e);
        }
    }

    private static ParleyException Malformed(string detail) => ErrorCode.MalformedMultipart.With(detail);
}
