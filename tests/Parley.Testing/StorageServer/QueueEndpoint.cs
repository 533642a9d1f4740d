using System.Globalization;
using System.Text;
using System.Xml;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Parley.Testing.QueueService;

namespace Parley.Testing.Storage;

/// <summary>Queues over HTTP ("Queue service REST API"). An unknown address or option throws NotSupportedException.</summary>
internal sealed class QueueEndpoint(StrictQueues queues)
{
    private const string Metadata = "x-ms-meta-";

    public async ValueTask<StorageRequest> ReadAsync(HttpContext context)
    {
        var body = await context.Request.ReadBodyAsync(context.RequestAborted);
        var request = Read(context.Request, body);
        var isMessage = request.Operation is QueueOperation.Put or QueueOperation.Get or QueueOperation.Peek or QueueOperation.Delete or QueueOperation.Update;
        return new StorageRequest(
            isMessage ? (request.Queue, "") : null,
            request.Count,
            RateLimits.Queue,
            response => QueueResponseWriter.Write(response, request, queues.Execute(request)),
            response => QueueResponseWriter.Write(response, request, QueueResponse.Refuse(QueueError.ServerBusy)));
    }

    private static QueueRequest Read(HttpRequest http, ReadOnlyMemory<byte> body)
    {
        var options = QueryHelpers.ParseQuery(http.QueryString.Value).ToDictionary(option => option.Key, option => option.Value.ToString(), StringComparer.Ordinal);
        options.Remove("timeout");
        // The first segment is the account.
        var segments = http.Path.Value!.Trim('/').Split('/');
        var queue = segments.Length > 1 ? segments[1] : "";
        var message = segments.Length > 3 ? segments[3] : null;
        var isMessages = segments.Length > 2 && segments[2] == "messages";
        var operation = (http.Method, isMessages, message is not null, queue.Length > 0, Take("comp"), Take("restype"), Take("peekonly")) switch
        {
            ("GET", false, false, false, "list", null, null) => QueueOperation.ListQueues,
            ("GET", false, false, false, "properties", "service", null) => QueueOperation.GetServiceProperties,
            ("PUT", false, false, true, null, null, null) => QueueOperation.CreateQueue,
            ("DELETE", false, false, true, null, null, null) => QueueOperation.DeleteQueue,
            ("GET" or "HEAD", false, false, true, "metadata", null, null) => QueueOperation.GetProperties,
            ("PUT", false, false, true, "metadata", null, null) => QueueOperation.SetMetadata,
            ("POST", true, false, true, null, null, null) => QueueOperation.Put,
            ("GET", true, false, true, null, null, null) => QueueOperation.Get,
            ("GET", true, false, true, null, null, "true") => QueueOperation.Peek,
            ("DELETE", true, false, true, null, null, null) => QueueOperation.Clear,
            ("DELETE", true, true, true, null, null, null) => QueueOperation.Delete,
            ("PUT", true, true, true, null, null, null) => QueueOperation.Update,
            _ => throw new NotSupportedException($"StrictQueues knows no {http.Method} {http.Path}{http.QueryString}"),
        };
        var request = new QueueRequest(operation, queue, message ?? "")
        {
            Text = body.Length == 0 ? null : MessageText(body),
            PopReceipt = Take("popreceipt") ?? "",
            Count = Number("numofmessages") ?? 1,
            VisibilityTimeout = Number("visibilitytimeout"),
            TimeToLive = Number("messagettl"),
            Prefix = Take("prefix") ?? "",
            Marker = Take("marker"),
            MaxResults = Number("maxresults"),
            IncludesMetadata = Take("include") == "metadata",
            Metadata = http.Headers.Where(header => header.Key.StartsWith(Metadata, StringComparison.OrdinalIgnoreCase))
                .ToDictionary(header => header.Key[Metadata.Length..], header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        };
        return options.Count == 0 ? request : throw new NotSupportedException($"StrictQueues does not understand the options {string.Join(", ", options.Keys)} of {operation}.");

        string? Take(string option) => options.Remove(option, out var value) ? value : null;

        int? Number(string option) => Take(option) is { } value ? int.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : null;
    }

    private static string MessageText(ReadOnlyMemory<byte> body)
    {
        using var reader = XmlReader.Create(new StringReader(Encoding.UTF8.GetString(body.Span).TrimStart('\uFEFF')));
        return reader.ReadToFollowing("MessageText") ? reader.ReadElementContentAsString() : throw new NotSupportedException("A message has a MessageText.");
    }
}
