using System.Net;

namespace Parley.Testing.TableService;

/// <summary>
/// An address of the service: <c>/Tables('t')</c>, <c>/t(PartitionKey='p',RowKey='r')</c> and so on. The account's name
/// precedes it where the host is an IP address or localhost ("Querying tables and entities", "Addressing entities").
/// </summary>
internal readonly record struct Address(string Resource, string? Name, string? PartitionKey, string? RowKey, string Query)
{
    public const string Tables = "Tables";
    public const string Batch = "$batch";

    public static Address Parse(string url)
    {
        var host = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var path = host < 3 ? -1 : url.IndexOf('/', host);
        if (path < 0)
        {
            throw Unknown(url);
        }

        var start = path + 1;
        if (NamesNoAccount(url.AsSpan(host, path - host)))
        {
            start = url.IndexOf('/', start) + 1;
            if (start == 0)
            {
                throw Unknown(url);
            }
        }

        var question = url.IndexOf('?', start);
        var resource = Uri.UnescapeDataString(url.AsSpan(start, (question < 0 ? url.Length : question) - start));
        var query = question < 0 ? "" : url[(question + 1)..];
        var parenthesis = resource.IndexOf('(', StringComparison.Ordinal);
        var name = parenthesis < 0 ? resource : resource[..parenthesis];
        if (name != Batch && (name.Length == 0 || !name.All(char.IsAsciiLetterOrDigit)))
        {
            throw Unknown(url);
        }

        if (parenthesis < 0)
        {
            return new Address(name, null, null, null, query);
        }

        if (resource[^1] != ')')
        {
            throw Unknown(url);
        }

        var inner = resource.AsSpan(parenthesis + 1, resource.Length - parenthesis - 2);
        if (inner.IsEmpty)
        {
            return new Address(name, null, null, null, query);
        }

        if (name == Tables)
        {
            return TryQuoted(ref inner, "", out var table) && inner.IsEmpty ? new Address(name, table, null, null, query) : throw Unknown(url);
        }

        return TryQuoted(ref inner, "PartitionKey=", out var partitionKey) && TryQuoted(ref inner, ",RowKey=", out var rowKey) && inner.IsEmpty
            ? new Address(name, null, partitionKey, rowKey, query)
            : throw Unknown(url);
    }

    /// <summary>The options of the query: <c>$filter=…&amp;$top=…</c>, decoded.</summary>
    public IEnumerable<(string Name, string Value)> Options()
    {
        var rest = Query;
        while (rest.Length > 0)
        {
            var end = rest.IndexOf('&', StringComparison.Ordinal);
            var option = end < 0 ? rest : rest[..end];
            rest = end < 0 ? "" : rest[(end + 1)..];
            var equals = option.IndexOf('=', StringComparison.Ordinal);
            yield return equals < 0 ? throw Unknown(Query) : (Uri.UnescapeDataString(option[..equals]), Uri.UnescapeDataString(option[(equals + 1)..]));
        }
    }

    private static NotSupportedException Unknown(string url) => new($"StrictTables knows no such address: {url}");

    private static bool NamesNoAccount(ReadOnlySpan<char> host)
    {
        var colon = host.IndexOf(':');
        var name = colon < 0 ? host : host[..colon];
        return name is "localhost" || (char.IsAsciiDigit(name[0]) && IPAddress.TryParse(name, out _));
    }

    private static bool TryQuoted(ref ReadOnlySpan<char> text, string before, out string value)
    {
        value = "";
        if (!text.StartsWith(before) || text.Length < before.Length + 2 || text[before.Length] != '\'')
        {
            return false;
        }

        text = text[(before.Length + 1)..];
        var end = 0;
        while (end < text.Length && (text[end] != '\'' || (end + 1 < text.Length && text[end + 1] == '\'')))
        {
            end += text[end] == '\'' ? 2 : 1;
        }

        if (end >= text.Length)
        {
            return false;
        }

        value = text[..end].ToString().Replace("''", "'", StringComparison.Ordinal);
        text = text[(end + 1)..];
        return true;
    }
}
