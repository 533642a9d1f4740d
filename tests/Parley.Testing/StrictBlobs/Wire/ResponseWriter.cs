using System.Globalization;
using System.Xml.Linq;
using Azure.Core;
using Parley.Testing.TableService;

namespace Parley.Testing.BlobService;

/// <summary>Writes responses in the service's format.</summary>
internal static class ResponseWriter
{
    public static StrictResponse Write(ServiceResponse answer, Request request)
    {
        var response = new StrictResponse(answer.Status) { ClientRequestId = request.ClientRequestId };
        response.Add("x-ms-version", "2021-12-02");
        byte[] body = [];
        if (answer.Blob is { } blob)
        {
            AddHeaders(response, blob);
            var isRead = request.Method != RequestMethod.Put;
            if (isRead)
            {
                AddContentHeaders(response, blob);
            }

            if (answer.Status == 202)
            {
                response.Add("x-ms-copy-id", blob.ETag);
                response.Add("x-ms-copy-status", "success");
            }

            var (first, count) = answer.Bytes ?? (0, blob.Length);
            response.Add("Content-Length", Text(isRead ? count : 0));
            if (answer.Status == 206)
            {
                response.Add("Content-Range", $"bytes {Text(first)}-{Text(first + count - 1)}/{Text(blob.Length)}");
            }

            body = answer.Bytes is null ? [] : blob.Content().AsSpan((int)first, (int)count).ToArray();
        }
        else if (request.Method != RequestMethod.Head && answer.Status != 304 && Document(answer) is { } document)
        {
            body = Bytes(document);
            response.Add("Content-Type", "application/xml");
            response.Add("Content-Length", Text(body.Length));
        }

        if (answer.Error is { } error)
        {
            response.Add("x-ms-error-code", error.Code);
        }

        response.ContentStream = new MemoryStream(body, writable: false);
        return response;
    }

    private static void AddHeaders(StrictResponse response, StoredBlob blob)
    {
        response.Add("ETag", $"\"{blob.ETag}\"");
        response.Add("Last-Modified", blob.ModifiedAt.ToString("R", CultureInfo.InvariantCulture));
    }

    private static void AddContentHeaders(StrictResponse response, StoredBlob blob)
    {
        response.Add("x-ms-blob-type", "BlockBlob");
        response.Add("x-ms-creation-time", blob.CreatedAt.ToString("R", CultureInfo.InvariantCulture));
        response.Add("Accept-Ranges", "bytes");
        foreach (var (name, value) in ContentHeaders(blob))
        {
            response.Add(name, value);
        }

        foreach (var (name, value) in blob.Headers.Metadata ?? new Dictionary<string, string>())
        {
            response.Add(BlobRequestReader.MetadataPrefix + name, value);
        }
    }

    private static IEnumerable<(string Name, string Value)> ContentHeaders(StoredBlob blob) =>
        from header in new (string Name, string? Value)[]
        {
            ("Content-Type", blob.Headers.ContentType),
            ("Content-Encoding", blob.Headers.ContentEncoding),
            ("Content-Language", blob.Headers.ContentLanguage),
            ("Content-Disposition", blob.Headers.ContentDisposition),
            ("Cache-Control", blob.Headers.CacheControl),
        }
        where header.Value is not null
        select (header.Name, header.Value);

    private static XElement? Document(ServiceResponse answer) =>
        answer.Error is { } error ? new XElement("Error", new XElement("Code", error.Code), new XElement("Message", error.Message))
        : answer.Page is { } page ? List(page)
        : null;

    private static XElement List(BlobPage page) => new(
        "EnumerationResults",
        new XAttribute("ServiceEndpoint", "https://strict.blob.invalid/"),
        new XAttribute("ContainerName", page.Request.Container),
        new XElement("Prefix", page.Request.Prefix),
        new XElement("Blobs", page.Blobs.Select(blob => new XElement(
            "Blob",
            new XElement("Name", blob.Name),
            new XElement(
                "Properties",
                new XElement("Creation-Time", blob.CreatedAt.ToString("R", CultureInfo.InvariantCulture)),
                new XElement("Last-Modified", blob.ModifiedAt.ToString("R", CultureInfo.InvariantCulture)),
                new XElement("Etag", blob.ETag),
                new XElement("Content-Length", Text(blob.Length)),
                ContentHeaders(blob).Select(header => new XElement(header.Name, header.Value)),
                new XElement("BlobType", "BlockBlob"))))),
        new XElement("NextMarker", page.Next ?? ""));

    private static byte[] Bytes(XElement document)
    {
        using var stream = new MemoryStream();
        new XDocument(new XDeclaration("1.0", "utf-8", standalone: null), document).Save(stream, SaveOptions.DisableFormatting);
        return stream.ToArray();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
