using System.Text.Json.Nodes;

namespace Parley.Testing.OpenApi;

/// <summary>A place of an operation that takes an id, as a document describes it.</summary>
/// <param name="In">path, query or body.</param>
/// <param name="Name">The parameter; of a body the path to the member, such as <c>message.sender</c>.</param>
/// <param name="Kind">The kind of entity that the place names.</param>
/// <param name="IsInteger">True when the place takes integers alone.</param>
public sealed record IdPlace(string In, string Name, string Kind, bool IsInteger)
{
    /// <summary>Ids that clients choose: Parley looks nothing up by them.</summary>
    private static readonly string[] OfClients = ["webChat", "webChats", "attachments.id", "message.attachments.id"];

    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["conversation"] = "conversation",
        ["chatId"] = "conversation",
        ["chatIds"] = "conversation",
        ["messageId"] = "message",
        ["chatMessageId"] = "message",
        ["chatMessageIds"] = "message",
        ["triggerChatMessageId"] = "message",
        ["triggerChatMessageIds"] = "message",
        ["quoted_message_id"] = "message",
        ["sender"] = "sender",
        ["message.sender"] = "sender",
        ["senderId"] = "sender",
        ["contact"] = "sender",
        ["chatbot"] = "chatbot",
        ["chatThreadId"] = "thread",
        ["ticketIds"] = "ticket",
        ["recordId"] = "completion",
        ["inbox"] = "inbox",
        ["channelIds"] = "inbox",
        ["ownerIds"] = "sender",
        ["keyId"] = "key",
    };

    /// <summary>The kind of <c>{id}</c> in paths that begin so, or so without a version.</summary>
    private static readonly (string Prefix, string Kind)[] Paths =
    [
        ("/v1/conversations/", "conversation"),
        ("/v1/messages/", "message"),
        ("/v1/chats/", "conversation"),
        ("/v1/uploads/", "upload"),
        ("/v1/tickets/", "ticket"),
        ("/v1/chat-message-follow-ups/", "follow-up"),
        ("/v1/exports/", "export"),
        ("/v1/senders/", "sender"),
        ("/v1/chatbots/", "chatbot"),
        ("/v1/completions/", "completion"),
        ("/v1/admin/tenants/", "tenant"),
    ];

    /// <summary>All places of an operation. An id of which this class does not know the kind is an error.</summary>
    public static IReadOnlyList<IdPlace> Of(OpenApiContract contract, string path, JsonObject operation)
    {
        var parameters = contract.Root["paths"]![path]!["parameters"]?.AsArray() ?? [];
        var places = parameters.Concat(operation["parameters"]?.AsArray() ?? [])
            .Select(one => contract.Follow(one!))
            .Where(one => Text(one["in"]) == "path" || TakesId(contract, one["schema"]!))
            .Where(one => Text(one["in"]) != "header")
            .Select(one => (In: Text(one["in"]), Name: Text(one["name"]), Schema: one["schema"]!));
        if (operation["requestBody"] is { } body)
        {
            var schema = contract.Follow(body)["content"]!.AsObject().First().Value!["schema"]!;
            places = places.Concat(Members(contract, schema, "").Select(one => ("body", one.Name, one.Schema)));
        }

        return [.. places.Where(one => !OfClients.Contains(one.Name))
            .Select(one => new IdPlace(one.In, one.Name, KindOf(path, one.Name), TakesInteger(contract.Follow(one.Schema))))];
    }

    private static string KindOf(string path, string name) =>
        name == "id"
            ? Paths.Single(known => $"/v1{path}".Contains(known.Prefix, StringComparison.Ordinal)).Kind
            : Kinds[name];

    private static bool TakesInteger(JsonNode schema) =>
        (schema["type"] as JsonArray ?? [schema["type"]?.DeepClone()]).Any(type => Text(type) == "integer");

    private static IEnumerable<(string Name, JsonNode Schema)> Members(OpenApiContract contract, JsonNode schema, string prefix)
    {
        foreach (var (name, member) in contract.Follow(schema)["properties"]?.AsObject() ?? [])
        {
            var followed = contract.Follow(member!);
            if (TakesId(contract, member!))
            {
                yield return (prefix + name, member!);
            }

            foreach (var inner in Members(contract, followed["items"] ?? followed, $"{prefix}{name}."))
            {
                yield return inner;
            }
        }
    }

    private static bool TakesId(OpenApiContract contract, JsonNode schema) =>
        IsReference(schema)
        || (contract.Follow(schema) is var followed
            && (Text(followed["format"]) == "uuid"
                || (followed["items"] is { } items && TakesId(contract, items))
                || (followed["anyOf"] is JsonArray any && any.Any(one => IsReference(one!)))));

    private static bool IsReference(JsonNode schema) =>
        Text(schema["$ref"]) is var reference && reference.EndsWith("Reference", StringComparison.Ordinal);

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
