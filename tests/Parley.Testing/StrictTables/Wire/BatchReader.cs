using System.Text;

namespace Parley.Testing.TableService;

/// <summary>
/// Parses an entity group transaction: a multipart body with one change set, in which each part is an HTTP request
/// ("Performing entity group transactions"). Queries in a batch are not supported.
/// </summary>
internal static class BatchReader
{
    public static TableRequest Read(ReadOnlyMemory<byte> body, string? contentType, string host)
    {
        var batch = PartsOf(body, Boundary(contentType));
        if (batch.Count != 1)
        {
            throw new NotSupportedException($"StrictTables reads one change set in a batch, not {batch.Count} parts.");
        }

        var changes = batch[0];
        var parts = PartsOf(changes, Boundary(ReadPartHeaders(ref changes)));
        var operations = new List<Operation>(parts.Count);
        foreach (var part in parts)
        {
            operations.Add(ReadOperation(part));
        }

        if (operations.Count == 0)
        {
            throw new NotSupportedException("StrictTables reads no empty change set.");
        }

        return new TableRequest(TableCallKind.Transaction, operations[0].Table, host)
        {
            Operations = operations,
            Refusal = body.Length > Rules.MaxBatchBytes ? TableError.BodyTooLarge : null,
        };
    }

    private static Operation ReadOperation(ReadOnlyMemory<byte> part)
    {
        var type = ReadPartHeaders(ref part);
        if (type != "application/http")
        {
            throw new NotSupportedException($"StrictTables reads parts of application/http, not {type}");
        }

        var line = ReadLine(ref part);
        var (first, last) = (line.IndexOf(' ', StringComparison.Ordinal), line.LastIndexOf(' '));
        if (first <= 0 || last == first || line[(last + 1)..] != "HTTP/1.1")
        {
            throw new NotSupportedException($"StrictTables reads no such request line: {line}");
        }

        var headers = default(Headers);
        while (ReadLine(ref part) is { Length: > 0 } header)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            headers.Add(header[..colon], header[(colon + 1)..].Trim());
        }

        return RequestReader.ReadOperation(line[..first], Address.Parse(line[(first + 1)..last]), headers, part.Span);
    }

    /// <summary>Reads the headers of a part up to the empty line and returns its content type.</summary>
    private static string? ReadPartHeaders(ref ReadOnlyMemory<byte> part)
    {
        string? type = null;
        while (ReadLine(ref part) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                type = value;
            }
            else if (!name.Equals("Content-Transfer-Encoding", StringComparison.OrdinalIgnoreCase) || value != "binary")
            {
                throw new NotSupportedException($"StrictTables does not understand the part header {line}");
            }
        }

        return type;
    }

    private static string ReadLine(ref ReadOnlyMemory<byte> part)
    {
        var end = part.Span.IndexOf("\r\n"u8);
        if (end < 0)
        {
            throw new NotSupportedException("StrictTables reads lines that end in CRLF.");
        }

        var line = Encoding.UTF8.GetString(part.Span[..end]);
        part = part[(end + 2)..];
        return line;
    }

    private static List<ReadOnlyMemory<byte>> PartsOf(ReadOnlyMemory<byte> body, string boundary)
    {
        var delimiter = Encoding.ASCII.GetBytes("\r\n--" + boundary);
        var parts = new List<ReadOnlyMemory<byte>>();

        // The first delimiter may have no line break before it, or only the empty line after the headers.
        var start = body.Span.IndexOf(delimiter.AsSpan(2));
        if (start < 0)
        {
            throw new NotSupportedException($"No part of the body begins with --{boundary}");
        }

        var rest = body[(start + delimiter.Length - 2)..];
        while (rest.Span.StartsWith("\r\n"u8))
        {
            var end = rest.Span.IndexOf(delimiter);
            if (end < 0)
            {
                throw new NotSupportedException($"The last part of {boundary} has no end.");
            }

            parts.Add(rest[2..Math.Max(2, end)]);
            rest = rest[(end + delimiter.Length)..];
        }

        return rest.Span.StartsWith("--"u8) ? parts : throw new NotSupportedException($"The parts of {boundary} have no end.");
    }

    private static string Boundary(string? contentType)
    {
        const string Start = "multipart/mixed; boundary=";
        return contentType is not null && contentType.StartsWith(Start, StringComparison.OrdinalIgnoreCase)
            ? contentType[Start.Length..].Trim('"')
            : throw new NotSupportedException($"StrictTables reads transactions as multipart/mixed, not {contentType}");
    }
}
