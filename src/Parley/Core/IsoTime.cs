using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Core;

/// <summary>
/// Writes times in the format of the API: ISO 8601 in UTC with milliseconds and <c>Z</c>. More decimals are truncated.
/// </summary>
public sealed class IsoTime : JsonConverter<DateTimeOffset>
{
    private const int RoundTripLength = 28;
    private const int Length = 24;

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        // .NET has a fast formatter for the round-trip format, which has seven decimals. A custom format would be
        // parsed again for every value.
        Span<byte> text = stackalloc byte[RoundTripLength];
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[Length - 1] = (byte)'Z';
        writer.WriteStringValue(text[..Length]);
    }
}
