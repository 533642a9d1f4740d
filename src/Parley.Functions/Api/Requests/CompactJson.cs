using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Requests;

/// <summary>The result of <see cref="CompactJson.TryWrite"/>.</summary>
internal enum CompactJsonResult
{
    Written,

    /// <summary>The text would be longer than the limit.</summary>
    TooLong,

    /// <summary>A name or a value contains half a surrogate pair or NUL.</summary>
    InvalidText,
}

/// <summary>
/// JSON text without white space and optional escapes, so that these make no difference to the hash of a request. A
/// value that is much too long is refused by one pass over its bytes, which allocates nothing.
/// </summary>
internal static class CompactJson
{
    // The longest form of one UTF-16 unit in JSON: \ uXXXX.
    private const int EscapeLength = 6;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,

        // The element comes from a parsed document.
        SkipValidation = true,
    };

    /// <param name="element">An element of a parsed document.</param>
    /// <param name="max">Maximum length of the text, in UTF-16 code units.</param>
    /// <param name="text">The text; empty unless the result is Written.</param>
    public static CompactJsonResult TryWrite(JsonElement element, int max, out string text)
    {
        text = "";
        if (MinLength(JsonMarshal.GetRawUtf8Value(element), max) > max)
        {
            return CompactJsonResult.TooLong;
        }

        // At most as long as max allows times the longest escape, because of the check above.
        var bytes = new ArrayBufferWriter<byte>();
        try
        {
            using var writer = new Utf8JsonWriter(bytes, Options);
            JsonSerializer.Serialize(writer, element, CommonJson.Default.JsonElement);
        }
        catch (JsonException)
        {
            // The writer rejects half a surrogate pair.
            return CompactJsonResult.InvalidText;
        }

        if (JoinSurrogates(bytes.WrittenSpan) is not { } joined)
        {
            return CompactJsonResult.InvalidText;
        }

        if (joined.Length > max)
        {
            return CompactJsonResult.TooLong;
        }

        text = joined;
        return CompactJsonResult.Written;
    }

    /// <summary>
    /// A lower bound of the text's length, which stops above the limit. White space does not count, and a string counts
    /// as if it consisted of escapes.
    /// </summary>
    private static int MinLength(ReadOnlySpan<byte> json, int max)
    {
        var length = 0;
        var reader = new Utf8JsonReader(json);
        while (length <= max && reader.Read())
        {
            length += reader.TokenType switch
            {
                JsonTokenType.String => (reader.ValueSpan.Length / EscapeLength) + "\"\"".Length,
                JsonTokenType.PropertyName => (reader.ValueSpan.Length / EscapeLength) + "\"\":".Length,
                _ => reader.ValueSpan.Length,
            };
        }

        return length;
    }

    /// <summary>
    /// Replaces escaped surrogate pairs by their characters: System.Text.Json escapes every character beyond U+FFFF,
    /// whatever the encoder. Null when the text contains an escaped NUL.
    /// </summary>
    /// <param name="json">The writer's output, in which surrogates come in pairs.</param>
    private static string? JoinSurrogates(ReadOnlySpan<byte> json)
    {
        var text = new char[json.Length];
        var (length, kept) = (Encoding.UTF8.GetChars(json, text), 0);
        for (var i = 0; i < length;)
        {
            var escape = text[i] != '\\' ? 1 : text[i + 1] != 'u' ? 2 : EscapeLength;
            if (escape == EscapeLength)
            {
                var unit = (char)ushort.Parse(
                    text.AsSpan(i + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                if (unit == '\0')
                {
                    return null;
                }

                if (char.IsSurrogate(unit))
                {
                    text[kept++] = unit;
                    i += EscapeLength;
                    continue;
                }
            }

            text.AsSpan(i, escape).CopyTo(text.AsSpan(kept));
            (i, kept) = (i + escape, kept + escape);
        }

        return new string(text, 0, kept);
    }
}
