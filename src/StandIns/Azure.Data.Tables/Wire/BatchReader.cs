using System.Globalization;
using System.Text;
using Azure.Core;

namespace Azure.Data.Tables.Wire;

/// <summary>
/// Reads the answer to a transaction: a multipart body around a multipart body around one HTTP response per operation, or a single
/// one with the error. A body that ends too soon is an <see cref="IOException"/>: whether the transaction happened is then unknown.
/// </summary>
internal static class BatchReader
{
    public static IReadOnlyList<Response> Read(Response response, int count)
    {
        var responses = new List<Response>(count);
        ReadParts(response.Content.ToMemory(), Boundary(response.Headers.ContentType), responses);
        foreach (var result in responses)
        {
            if (result.Status >= 400)
                throw new TableTransactionFailedException(new RequestFailedException(result, null, ErrorParser.Shared));
        }

        if (responses.Count != count)
            throw new IOException($"The answer to a transaction of {count} operations has {responses.Count} results.");
        return responses;
    }

    private static void ReadParts(ReadOnlyMemory<byte> body, string boundary, List<Response> responses)
    {
        var delimiter = Encoding.ASCII.GetBytes($"--{boundary}");
        if (!TryFindLine(body.Span, delimiter, out var start))
            throw CutShort();
        var rest = body[(start + delimiter.Length)..];
        while (!rest.Span.StartsWith("--"u8))
        {
            if (!TryFindLine(rest.Span, delimiter, out var end))
                throw CutShort();
            ReadPart(rest[..end], responses);
            rest = rest[(end + delimiter.Length)..];
        }
    }

    private static void ReadPart(ReadOnlyMemory<byte> part, List<Response> responses)
    {
        var headers = new List<HttpHeader>(4);
        // What is left of the delimiter's own line.
        ReadLine(ref part);
        ReadHeaders(ref part, headers);
        var type = headers.Find(static header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value;
        if (type != null && type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            ReadParts(part, Boundary(type), responses);
            return;
        }

        // HTTP/1.1 204 No Content. Azurite has its boundary there once more when it refuses a transaction as a whole.
        var line = ReadLine(ref part);
        while (!line.StartsWith("HTTP/", StringComparison.Ordinal))
            line = ReadLine(ref part);
        var status = line.Split(' ', 3);
        if (status.Length < 2 || !int.TryParse(status[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            throw CutShort();
        headers.Clear();
        ReadHeaders(ref part, headers);
        responses.Add(new BatchResponse(code, status.Length == 3 ? status[2] : string.Empty, headers, part));
    }

    private static void ReadHeaders(ref ReadOnlyMemory<byte> part, List<HttpHeader> headers)
    {
        while (ReadLine(ref part) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':');
            if (colon <= 0)
                throw CutShort();
            headers.Add(new HttpHeader(line[..colon], line[(colon + 1)..].Trim()));
        }
    }

    private static string ReadLine(ref ReadOnlyMemory<byte> part)
    {
        var end = part.Span.IndexOf((byte)'\n');
        if (end < 0)
            throw CutShort();
        var line = Encoding.UTF8.GetString(part.Span[..end].TrimEnd((byte)'\r'));
        part = part[(end + 1)..];
        return line;
    }

    /// <summary>Finds a delimiter at the beginning of a line, whether lines end in CRLF or LF.</summary>
    private static bool TryFindLine(ReadOnlySpan<byte> body, ReadOnlySpan<byte> delimiter, out int start)
    {
        start = 0;
        while (true)
        {
            var found = body[start..].IndexOf(delimiter);
            if (found < 0)
                return false;
            start += found;
            if (start == 0 || body[start - 1] == '\n')
                return true;
            start += delimiter.Length;
        }
    }

    private static string Boundary(string contentType)
    {
        const string Name = "boundary=";
        var start = contentType?.IndexOf(Name, StringComparison.OrdinalIgnoreCase) ?? -1;
        if (start < 0)
            throw new IOException("The answer to a transaction is not a multipart body.");
        var boundary = contentType[(start + Name.Length)..];
        var end = boundary.IndexOf(';');
        return (end < 0 ? boundary : boundary[..end]).Trim().Trim('"');
    }

    private static IOException CutShort() => new("The answer to a transaction ended too soon.");
}
