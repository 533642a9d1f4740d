using System.Globalization;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>The value of a function's trigger, and the named values (trigger metadata) that the host adds.</summary>
internal sealed record TriggerValue(TypedData Data, IReadOnlyDictionary<string, TypedData> Metadata)
{
    private static readonly Dictionary<string, TypedData> None = [];

    /// <summary>A tick of a timer.</summary>
    public static TriggerValue Tick(bool isPastDue)
    {
        var tick = new
        {
            Schedule = new { AdjustForDST = true },
            ScheduleStatus = (object?)null,
            IsPastDue = isPastDue,
        };
        return new(Json(JsonSerializer.Serialize(tick)), None);
    }

    /// <summary>An HTTP request. The route values become parameters of the function.</summary>
    public static TriggerValue Request(RouteValueDictionary values) =>
        new(
            new TypedData { Http = new RpcHttp() },
            values.ToDictionary(
                value => value.Key,
                value => Text(Convert.ToString(value.Value, CultureInfo.InvariantCulture) ?? "")));

    /// <summary>
    /// A queue message. As on the platform, the members of a JSON message become named values too. They replace the
    /// message's own properties of the same name, so a function must not have a parameter with such a name.
    /// </summary>
    public static TriggerValue Message(string text, QueueMessage? message = null)
    {
        var metadata = new Dictionary<string, TypedData>(StringComparer.OrdinalIgnoreCase)
        {
            ["QueueTrigger"] = Text(text),
        };
        if (message is not null)
        {
            metadata["Id"] = Text(message.MessageId);
            metadata["PopReceipt"] = Text(message.PopReceipt);
            metadata["DequeueCount"] = Json(message.DequeueCount.ToString(CultureInfo.InvariantCulture));
            metadata["InsertionTime"] = Json(JsonSerializer.Serialize(message.InsertedOn));
            metadata["ExpirationTime"] = Json(JsonSerializer.Serialize(message.ExpiresOn));
            metadata["NextVisibleTime"] = Json(JsonSerializer.Serialize(message.NextVisibleOn));
        }

        foreach (var (name, value) in MembersOf(text))
        {
            metadata[name] = value;
        }

        return new TriggerValue(Text(text), metadata);
    }

    private static TypedData Text(string text) => new() { String = text };

    private static TypedData Json(string json) => new() { Json = json };

    private static TypedData ValueOf(JsonElement member) =>
        member.ValueKind == JsonValueKind.String ? Text(member.GetString()!) : Json(member.GetRawText());

    private static Dictionary<string, TypedData> MembersOf(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind != JsonValueKind.Object
                ? None
                : json.RootElement.EnumerateObject()
                    .GroupBy(member => member.Name)
                    .ToDictionary(members => members.Key, members => ValueOf(members.Last().Value));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Text that is not JSON, or contains half a surrogate pair, has no members. The function gets it unchanged.
            return None;
        }
    }
}
