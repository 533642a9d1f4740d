using Azure.Core;

namespace Azure.Data.Tables.Wire;

/// <summary>The response to one operation of a transaction.</summary>
internal sealed class BatchResponse(int status, string reasonPhrase, List<HttpHeader> headers, ReadOnlyMemory<byte> body) : Response
{
    private Stream _content = body.IsEmpty ? null : new MemoryStream(body.ToArray(), 0, body.Length, writable: false, publiclyVisible: true);

    public override int Status => status;

    public override string ReasonPhrase => reasonPhrase;

    public override bool IsError => status >= 400;

    public override string ClientRequestId { get; set; } = string.Empty;

    public override Stream ContentStream
    {
        get => _content;
        set => _content = value;
    }

    protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => headers;

    protected override bool TryGetHeader(string name, out string value)
    {
        foreach (var header in headers)
        {
            if (header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                value = header.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    protected override bool TryGetHeaderValues(string name, out IEnumerable<string> values)
    {
        var found = TryGetHeader(name, out var value);
        values = found ? [value] : null;
        return found;
    }

    // Nothing to free; and the results of a transaction are read after the whole response was given up.
    public override void Dispose()
    {
    }
}
