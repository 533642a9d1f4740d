using System.Globalization;

namespace Parley.Core;

/// <summary>
/// A conversation: its tenant and its number in the tenant. Numbers start at 1 and stay below 2^31, so that a message's
/// integer id (<see cref="MessageKey.IntegerId"/>) stays below 2^53, which every JSON reader keeps exact.
/// </summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct ConversationKey(TenantId Tenant, int Number)
{
    /// <summary>The partition of the table Conversations: <c>T|C</c>, zero-padded.</summary>
    public string PartitionKey => string.Create(CultureInfo.InvariantCulture, $"{Tenant.Number:D8}|{Number:D10}");
}

/// <summary>A message: its conversation and its dense number there, from 1.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Sequence">1 to <see cref="MaxSequence"/>.</param>
public readonly record struct MessageKey(ConversationKey Conversation, int Sequence)
{
    /// <summary>Bits of an integer id that hold the message's number.</summary>
    public const int SequenceBits = 22;

    /// <summary>The last number a conversation gives out; then it is full.</summary>
    public const int MaxSequence = (1 << SequenceBits) - 1;

    /// <summary>The largest integer id.</summary>
    public const long MaxIntegerId = ((long)int.MaxValue << SequenceBits) | MaxSequence;

    /// <summary>The id that integer-id clients see: unique in the tenant, below 2^53.</summary>
    public long IntegerId => ((long)Conversation.Number << SequenceBits) | (uint)Sequence;
}

/// <summary>A sender: its tenant and its number in the tenant, from 1, dense.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct SenderKey(TenantId Tenant, int Number);

/// <summary>A chatbot: its tenant and its number in the tenant, from 1, dense.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct ChatbotKey(TenantId Tenant, int Number);

/// <summary>An export: its tenant and its number in the tenant, from 1, dense.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct ExportKey(TenantId Tenant, int Number);
