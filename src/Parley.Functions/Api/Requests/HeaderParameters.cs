namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads a header of the form <c>value; name=text; name="text"</c>, such as Content-Type and Content-Disposition. It
/// reads what the strict grammar of RFC 9110, section 5.6.6, refuses and clients nevertheless send: parameters without
/// a value, and texts without quotes that contain <c>=</c>, spaces, brackets or characters beyond ASCII.
/// </summary>
internal sealed class HeaderParameters
{
    private readonly string header;

    /// <summary>Reads a header; it may be null or empty.</summary>
    public HeaderParameters(string? header)
    {
        this.header = header ?? "";
        var end = this.header.IndexOf(';', StringComparison.Ordinal);
        Value = (end < 0 ? this.header : this.header[..end]).Trim();
    }

    /// <summary>The text before the first semicolon.</summary>
    public string Value { get; }

    /// <summary>
    /// Returns the text of a parameter, without its quotes; null when the header does not have it. Of a repeated
    /// parameter the first counts. <c>\"</c> is a quote; other backslashes stay, because some clients send Windows
    /// paths.
    /// </summary>
    public string? Find(string name)
    {
        var at = header.IndexOf(';', StringComparison.Ordinal);
        while (at >= 0)
        {
            var begin = at + 1;
            var length = header.AsSpan(begin).IndexOfAny(';', '=');
            at = length < 0 ? -1 : begin + length;
            if (at >= 0 && header[at] == '=')
            {
                var isFound = header.AsSpan(begin, length).Trim().Equals(name, StringComparison.OrdinalIgnoreCase);
                (var text, var isQuoted, at) = FindText(header, at + 1);
                if (isFound)
                {
                    return isQuoted
                        ? header[text].Replace("\\\"", "\"", StringComparison.Ordinal)
                        : header[text].Trim();
                }
            }
        }

        return null;
    }

    public bool Is(string value) => Value.Equals(value, StringComparison.OrdinalIgnoreCase);

    /// <summary>Finds the text that begins here, and the place of the next semicolon or -1.</summary>
    private static (Range Text, bool IsQuoted, int Next) FindText(string header, int begin)
    {
        var quote = begin;
        while (quote < header.Length && header[quote] is ' ' or '\t')
        {
            quote++;
        }

        var close = quote < header.Length && header[quote] == '"' ? FindClose(header, quote + 1) : -1;
        var next = header.IndexOf(';', close < 0 ? begin : close);
        return close < 0
            ? (begin..(next < 0 ? header.Length : next), false, next)
            : ((quote + 1)..close, true, next);
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
