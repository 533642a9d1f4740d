using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>A message of the queue <c>replies</c>: names a queued completion to run.</summary>
/// <param name="Tenant">The tenant's number.</param>
/// <param name="Conversation">The conversation's number.</param>
/// <param name="Message">The number of the customer's message.</param>
/// <param name="Waits">The number of requeues because the tenant had no free slot.</param>
public sealed record QueuedReply(int Tenant, int Conversation, int Message, int Waits = 0) : IWorkMessage<QueuedReply>
{
    public const string Queue = "replies";

    static IReadOnlyList<string> IWorkMessage<QueuedReply>.QueueNames => [Queue];

    string IWorkMessage<QueuedReply>.QueueName => Queue;

    TenantId? IWorkMessage<QueuedReply>.Owner => Key.Conversation.Tenant;

    /// <summary>The completion's key: that of the customer's message.</summary>
    [JsonIgnore]
    public MessageKey Key => new(new ConversationKey(new TenantId(Tenant), Conversation), Message);

    public static QueuedReply Of(MessageKey completion) =>
        new(completion.Conversation.Tenant.Number, completion.Conversation.Number, completion.Sequence);

    public string ToJson() => JsonSerializer.Serialize(this, QueuedReplyJson.Default.QueuedReply);

    /// <exception cref="JsonException">The JSON is malformed, or a number is out of range.</exception>
    public static QueuedReply Parse(string json) =>
        JsonSerializer.Deserialize(json, QueuedReplyJson.Default.QueuedReply)
            is
        {
            Tenant: > 0 and <= TenantId.Max,
            Conversation: > 0,
            Message: > 0 and <= MessageKey.MaxSequence,
            Waits: >= 0,
        } reply
            ? reply
            : throw new JsonException("The message names no completion.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(QueuedReply))]
internal sealed partial class QueuedReplyJson : JsonSerializerContext;
