using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// Writes times as MaiAgent does: a text with the milliseconds since 1970, which have 13 digits from 2001 on.
/// </summary>
public sealed class MillisecondTime : JsonConverter<DateTimeOffset>
{
    private const int MaxLength = 20;

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(reader.GetString()!, CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        Utf8Formatter.TryFormat(value.ToUnixTimeMilliseconds(), text, out var length);
        writer.WriteStringValue(text[..length]);
    }
}
