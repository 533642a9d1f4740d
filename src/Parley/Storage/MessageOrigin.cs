using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Storage;

/// <summary>
/// What the text of a queue message contains beside its pointer, for telemetry only. Versions before 0.3.0 neither
/// write nor read it.
/// </summary>
/// <param name="Traceparent">The trace context of the sender (W3C); null without one.</param>
/// <param name="At">The time when the message becomes visible, in Unix milliseconds; null if it is not known.</param>
public sealed record MessageOrigin(string? Traceparent = null, long? At = null)
{
    /// <summary>An older message is not plausible: queues keep one for seven days at most.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(8);

    /// <summary>Adds the origin to the JSON object of a message.</summary>
    /// <param name="json">An object with at least one member.</param>
    internal static string Add(string json, string? traceparent, DateTimeOffset visibleAt)
    {
        var trace = traceparent is null ? "" : $",\"traceparent\":\"{traceparent}\"";
        var at = visibleAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        return $"{json[..^1]}{trace},\"at\":{at}}}";
    }

    /// <summary>Reads the origin of a message. A message without one, or with another form, has an empty one.</summary>
    public static MessageOrigin Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, MessageOriginJson.Default.MessageOrigin) ?? new MessageOrigin();
        }
        catch (JsonException)
        {
            // It only serves telemetry. Whether the message itself is malformed is decided where it is parsed.
            return new MessageOrigin();
        }
    }

    /// <summary>The time since the message became visible; null if it is not known or not plausible.</summary>
    public TimeSpan? Age(DateTimeOffset now)
    {
        // As numbers: a time span does not hold the difference to every number.
        var age = now.ToUnixTimeMilliseconds() - (double?)At;

        // Clocks differ, and a message may be read a second early.
        return Math.Abs(age ?? double.MaxValue) <= MaxAge.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(Math.Max(age!.Value, 0))
            : null;
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(MessageOrigin))]
internal sealed partial class MessageOriginJson : JsonSerializerContext;
