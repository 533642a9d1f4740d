using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;

namespace Parley.Testing.TableService;

/// <summary>A response that is completely in memory.</summary>
internal sealed class StrictResponse(int status) : Response
{
    private readonly List<HttpHeader> headers = new(4);

    public override int Status => status;

    public override string ReasonPhrase => Reason(status);

    public override Stream? ContentStream { get; set; }

    public override string ClientRequestId { get; set; } = "";

    public static string Reason(int status) => status switch
    {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        416 => "Range Not Satisfiable",
        503 => "Service Unavailable",
        _ => "",
    };

    public void Add(string name, string value) => headers.Add(new HttpHeader(name, value));

    public override void Dispose()
    {
    }

    protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => headers;

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
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

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = TryGetHeader(name, out var value) ? [value] : null;
        return values is not null;
    }
}
