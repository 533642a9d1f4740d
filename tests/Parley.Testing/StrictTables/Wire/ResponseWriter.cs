using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Parley.Testing.TableService;

/// <summary>Writes responses in the service's format.</summary>
internal static class ResponseWriter
{
    private const string Json = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8";

    /// <summary>A larger buffer is not kept: 256 KiB.</summary>
    private const int MaxKept = 256 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? json;

    /// <param name="request">The request.</param>
    /// <param name="answer">The service's response.</param>
    /// <param name="missing">The number of bytes at the end of the body that do not arrive.</param>
    public static StrictResponse Write(TableRequest request, ServiceResponse answer, int missing)
    {
        var response = new StrictResponse(answer.Status);
        var body = Write(request, answer, response.Add);
        response.ContentStream = new MemoryStream(body[..Math.Max(0, body.Length - missing)].ToArray(), writable: false);
        return response;
    }

    /// <summary>Writes the body into a buffer of the thread, which the next response uses again.</summary>
    /// <param name="request">The request.</param>
    /// <param name="answer">The service's response.</param>
    /// <param name="addHeader">Receives the response's headers.</param>
    public static ReadOnlySpan<byte> Write(TableRequest request, ServiceResponse answer, Action<string, string> addHeader)
    {
        if (buffer is not { Capacity: <= MaxKept } output)
        {
            output = buffer = new ArrayBufferWriter<byte>(4096);
        }

        output.ResetWrittenCount();
        if (answer.Parts.Count > 0)
        {
            var id = Guid.Empty.ToString();
            WriteParts(output, request, answer, id);
            addHeader("Content-Type", $"multipart/mixed; boundary=batchresponse_{id}");
        }
        else
        {
            WriteBody(output, request, answer);
            AddHeaders(addHeader, request, answer, output.WrittenCount > 0);
        }

        return output.WrittenSpan;
    }

    private static void AddHeaders(Action<string, string> addHeader, TableRequest request, ServiceResponse answer, bool hasBody)
    {
        addHeader("DataServiceVersion", "3.0;");
        if (hasBody)
        {
            addHeader("Content-Type", Json);
        }

        if (answer.ETag is { } etag)
        {
            addHeader("ETag", etag);
        }

        if (answer is { Status: 201 or 204, Error: null } && request.Operations is [{ Kind: TableCallKind.Insert or TableCallKind.CreateTable } operation])
        {
            addHeader("Preference-Applied", operation.ReturnsContent ? "return-content" : "return-no-content");
        }

        if (answer.Next is { } next)
        {
            addHeader("x-ms-continuation-NextPartitionKey", next.PartitionKey);
            if (next.RowKey is { } row)
            {
                addHeader("x-ms-continuation-NextRowKey", row);
            }
        }
    }

    private static void WriteBody(ArrayBufferWriter<byte> output, TableRequest request, ServiceResponse answer)
    {
        if (answer.Error is null && answer.Rows.Count == 0 && request.Kind != TableCallKind.Query)
        {
            return;
        }

        var writer = json ??= new Utf8JsonWriter(output, EntityWriter.Options);
        writer.Reset(output);
        if (answer.Error is { } error)
        {
            WriteError(writer, error);
        }
        else if (request.Kind == TableCallKind.Query)
        {
            writer.WriteStartObject();
            writer.WriteString("odata.metadata"u8, $"{request.Host}/$metadata#{request.Table}");
            writer.WriteStartArray("value"u8);
            foreach (var row in answer.Rows)
            {
                EntityWriter.Write(writer, row, request.Select, metadata: null);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        else
        {
            EntityWriter.Write(writer, answer.Rows[0], request.Select, $"{request.Host}/$metadata#{request.Table}/@Element");
        }

        writer.Flush();
    }

    private static void WriteError(Utf8JsonWriter writer, TableError error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("odata.error"u8);
        writer.WriteString("code"u8, error.Code);
        writer.WriteStartObject("message"u8);
        writer.WriteString("lang"u8, "en-US"u8);
        writer.WriteString("value"u8, $"{error.Message}\nRequestId:{Guid.Empty}");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteParts(ArrayBufferWriter<byte> output, TableRequest request, ServiceResponse answer, string id)
    {
        Append(output, $"--batchresponse_{id}\r\nContent-Type: multipart/mixed; boundary=changesetresponse_{id}\r\n\r\n");
        foreach (var part in answer.Parts)
        {
            Append(output, $"--changesetresponse_{id}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
            Append(output, string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {part.Status} {StrictResponse.Reason(part.Status)}\r\n"));
            Append(output, "X-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n");
            if (part.ETag is { } etag)
            {
                Append(output, $"ETag: {etag}\r\n");
            }

            if (part.Error is not null || part.Rows.Count > 0)
            {
                Append(output, $"Content-Type: {Json}\r\n");
            }

            Append(output, "\r\n");
            WriteBody(output, request, part);
            Append(output, "\r\n");
        }

        Append(output, $"--changesetresponse_{id}--\r\n--batchresponse_{id}--\r\n");
    }

    private static void Append(ArrayBufferWriter<byte> output, string text) => Encoding.UTF8.GetBytes(text, output);
}
