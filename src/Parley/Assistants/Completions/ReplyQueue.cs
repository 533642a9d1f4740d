using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Queues;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>What a message of the queue asks for: a turn to be begun. It carries no content.</summary>
/// <param name="Tenant">The tenant's number.</param>
/// <param name="Conversation">The conversation's number.</param>
/// <param name="Message">The number of the customer's message.</param>
public sealed record QueuedReply(int Tenant, int Conversation, int Message)
{
    /// <summary>The turn.</summary>
    [JsonIgnore]
    public MessageKey Key => new(new ConversationKey(new TenantId(Tenant), Conversation), Message);

    /// <summary>Asks for a turn.</summary>
    public static QueuedReply Of(MessageKey completion) => new(completion.Conversation.Tenant.Number, completion.Conversation.Number, completion.Sequence);

    /// <summary>The message: JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, QueuedReplyJson.Default.QueuedReply);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It did not.</exception>
    public static QueuedReply Parse(string json) =>
        JsonSerializer.Deserialize(json, QueuedReplyJson.Default.QueuedReply)
            is { Tenant: > 0 and <= TenantId.Max, Conversation: > 0, Message: > 0 and <= MessageKey.MaxSequence } reply
            ? reply
            : throw new JsonException("The message names no turn.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(QueuedReply))]
internal sealed partial class QueuedReplyJson : JsonSerializerContext;

/// <summary>Where replies to posted messages wait to be begun.</summary>
public interface IReplyQueue
{
    /// <summary>Asks for one.</summary>
    Task SendAsync(QueuedReply reply, CancellationToken cancellation);
}

/// <summary>The queue <c>replies</c>.</summary>
public sealed class ReplyQueue(QueueServiceClient service) : IReplyQueue
{
    /// <summary>Its name.</summary>
    public const string Name = "replies";

    private readonly QueueClient queue = service.GetQueueClient(Name);

    /// <summary>Creates it, unless it is there.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) => queue.CreateIfNotExistsAsync(cancellationToken: cancellation);

    /// <inheritdoc/>
    public Task SendAsync(QueuedReply reply, CancellationToken cancellation) => queue.SendMessageAsync(reply.ToJson(), cancellation);
}
