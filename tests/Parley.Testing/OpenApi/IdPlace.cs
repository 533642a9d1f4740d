using System.Text.Json.Nodes;

namespace Parley.Testing.OpenApi;

/// <summary>A place of an operation that takes an id, as docs/openapi.yaml describes it.</summary>
/// <param name="In">path, query or body.</param>
/// <param name="Name">The parameter; of a body the path to the member, such as <c>message.sender</c>.</param>
/// <param name="Kind">The kind of entity that the place names.</param>
public sealed record IdPlace(string In, string Name, string Kind)
{
    /// <summary>Ids that clients choose: Parley looks nothing up by them.</summary>
    private static readonly string[] OfClients = ["webChat", "attachments.id", "message.attachments.id"];

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

    /// <summary>The kind of <c>{id}</c> in paths that begin so.</summary>
    private static readonly (string Prefix, string Kind)[] Paths =
    [
        ("/v1/conversations/", "conversation"),
        ("/v1/messages/", "message"),
        ("/v1/chats/", "conversation"),
        ("/v1/tickets/", "ticket"),
        ("/v1/chat-message-follow-ups/", "follow-up"),
        ("/v1/exports/", "export"),
        ("/v1/senders/", "sender"),
        ("/v1/chatbots/", "chatbot"),
        ("/v1/completions/", "completion"),
        ("/v1/admin/tenants/", "tenant"),
    ];

    /// <summary>All places of an operation. An id of which this class does not know the kind is an error.</summary>
    public static IReadOnlyList<IdPlace> Of(string path, JsonObject operation)
    {
        var parameters = OpenApiContract.Document.Root["paths"]![path]!["parameters"]?.AsArray() ?? [];
        var places = parameters.Concat(operation["parameters"]?.AsArray() ?? [])
            .Select(one => OpenApiContract.Document.Follow(one!))
            .Where(one => Text(one["in"]) == "path" || TakesId(one["schema"]!))
            .Where(one => Text(one["in"]) != "header")
            .Select(one => (In: Text(one["in"]), Name: Text(one["name"])));
        if (operation["requestBody"] is { } body)
        {
            var schema = OpenApiContract.Document.Follow(body)["content"]!.AsObject().First().Value!["schema"]!;
            places = places.Concat(Members(schema, "").Select(name => ("body", name)));
        }

        return [.. places.Where(one => !OfClients.Contains(one.Name)).Select(one => new IdPlace(one.In, one.Name, KindOf(path, one.Name)))];
    }

    private static string KindOf(string path, string name) =>
        name == "id"
            ? Paths.Single(known => path.StartsWith(known.Prefix, StringComparison.Ordinal)).Kind
            : Kinds[name];

    private static IEnumerable<string> Members(JsonNode schema, string prefix)
    {
        foreach (var (name, member) in OpenApiContract.Document.Follow(schema)["properties"]?.AsObject() ?? [])
        {
            var followed = OpenApiContract.Document.Follow(member!);
            if (TakesId(member!))
            {
                yield return prefix + name;
            }

            foreach (var inner in Members(followed["items"] ?? followed, $"{prefix}{name}."))
            {
                yield return inner;
            }
        }
    }

    private static bool TakesId(JsonNode schema) =>
        IsReference(schema)
        || (OpenApiContract.Document.Follow(schema) is var followed
            && (Text(followed["format"]) == "uuid"
                || (followed["items"] is { } items && TakesId(items))
                || (followed["anyOf"] is JsonArray any && any.Any(one => IsReference(one!)))));

    private static bool IsReference(JsonNode schema) =>
        Text(schema["$ref"]) is var reference && reference.EndsWith("Reference", StringComparison.Ordinal);

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
