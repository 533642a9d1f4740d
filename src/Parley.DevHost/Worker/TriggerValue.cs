using System.Globalization;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>The value of a function's trigger, and what the host adds to it by name.</summary>
internal sealed record TriggerValue(TypedData Data, IReadOnlyDictionary<string, TypedData> Metadata)
{
    private static readonly Dictionary<string, TypedData> None = [];

    /// <summary>A tick of a timer.</summary>
    public static TriggerValue Tick(bool isPastDue) =>
        new(new TypedData { Json = JsonSerializer.Serialize(new { Schedule = new { AdjustForDST = true }, ScheduleStatus = (object?)null, IsPastDue = isPastDue }) }, None);

    /// <summary>A request; its route values are the parameters of the function.</summary>
    public static TriggerValue Request(RouteValueDictionary values) =>
        new(new TypedData { Http = new RpcHttp() }, values.ToDictionary(value => value.Key, value => Text(Convert.ToString(value.Value, CultureInfo.InvariantCulture) ?? "")));

    /// <summary>
    /// A message of a queue. As on the platform, the members of a JSON message are values by name too, and take the place of the
    /// message's own: a function must have no parameter of such a name.
    /// </summary>
    public static TriggerValue Message(string text, QueueMessage? message = null)
    {
        var metadata = new Dictionary<string, TypedData>(StringComparer.OrdinalIgnoreCase) { ["QueueTrigger"] = Text(text) };
        if (message is not null)
        {
            metadata["Id"] = Text(message.MessageId);
            metadata["PopReceipt"] = Text(message.PopReceipt);
            metadata["DequeueCount"] = new TypedData { Json = message.DequeueCount.ToString(CultureInfo.InvariantCulture) };
        }

        foreach (var (name, value) in MembersOf(text))
        {
            metadata[name] = value;
        }

        return new TriggerValue(Text(text), metadata);
    }

    private static TypedData Text(string text) => new() { String = text };

    private static Dictionary<string, TypedData> MembersOf(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind != JsonValueKind.Object
                ? None
                : json.RootElement.EnumerateObject().GroupBy(member => member.Name).ToDictionary(
                    members => members.Key,
                    members => members.Last().Value is { ValueKind: JsonValueKind.String } value ? Text(value.GetString()!) : new TypedData { Json = members.Last().Value.GetRawText() });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Text that is no JSON, or has half a surrogate pair, has no members; the function gets it as it is.
            return None;
        }
    }
}
