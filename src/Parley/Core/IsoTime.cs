using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Core;

/// <summary>
/// Times as the API writes them: ISO 8601 in UTC with milliseconds and <c>Z</c>. More decimals are cut off.
/// </summary>
public sealed class IsoTime : JsonConverter<DateTimeOffset>
{
    private const int RoundTripLength = 28;
    private const int Length = 24;

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        // The round-trip format has seven decimals, but .NET has a fast formatter for it. A custom format is parsed
        // again for every value.
        Span<byte> text = stackalloc byte[RoundTripLength];
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[Length - 1] = (byte)'Z';
        writer.WriteStringValue(text[..Length]);
    }
}
