namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads a header of the form <c>value; name=text; name="text"</c>, such as Content-Type and Content-Disposition. It
/// reads what the strict grammar of RFC 9110, section 5.6.6, refuses and clients nevertheless send: parameters without
/// a value, and texts without quotes that contain <c>=</c>, spaces, brackets or characters beyond ASCII.
/// </summary>
internal sealed class HeaderParameters
{
    private readonly Dictionary<string, string> texts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a header; it may be null or empty.</summary>
    public HeaderParameters(string? header)
    {
        header ??= "";
        var at = header.IndexOf(';', StringComparison.Ordinal);
        Value = (at < 0 ? header : header[..at]).Trim();
        while (at >= 0)
        {
            var begin = at + 1;
            at = header.IndexOfAny([';', '='], begin);
            if (at >= 0 && header[at] == '=')
            {
                var name = header[begin..at].Trim();
                (var text, at) = ReadText(header, at + 1);
                texts.TryAdd(name, text);
            }
        }
    }

    /// <summary>The text before the first semicolon.</summary>
    public string Value { get; }

    /// <summary>
    /// Returns the text of a parameter, without its quotes; null when the header does not have it. Of a repeated
    /// parameter the first counts. <c>\"</c> is a quote; other backslashes stay, because some clients send Windows
    /// paths.
    /// </summary>
    public string? Find(string name) => texts.GetValueOrDefault(name);

    public bool Is(string value) => Value.Equals(value, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the text that begins here, and the place of the next semicolon or -1.</summary>
    private static (string Text, int Next) ReadText(string header, int begin)
    {
        var quote = begin;
        while (quote < header.Length && header[quote] is ' ' or '\t')
        {
            quote++;
        }

        var close = quote < header.Length && header[quote] == '"' ? FindClose(header, quote + 1) : -1;
        var next = header.IndexOf(';', close < 0 ? begin : close);
        return close < 0
            ? ((next < 0 ? header[begin..] : header[begin..next]).Trim(), next)
            : (header[(quote + 1)..close].Replace("\\\"", "\"", StringComparison.Ordinal), next);
    }

    /// <summary>
    /// Finds the quote that ends a text: the first one that is not escaped, or else the last one, because a Windows
    /// path may end in a backslash. -1 when there is none.
    /// </summary>
    private static int FindClose(string header, int begin)
    {
        for (var i = begin; i < header.Length; i++)
        {
            if (header[i] == '"')
            {
                return i;
            }

            // The character after a backslash is escaped.
            i += header[i] == '\\' ? 1 : 0;
        }

        return header.LastIndexOf('"', header.Length - 1, header.Length - begin);
    }
}
