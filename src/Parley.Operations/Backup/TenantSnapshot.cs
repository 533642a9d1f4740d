using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Exports;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Parley.Tenants;

namespace Parley.Operations.Backup;

/// <summary>
/// Excludes rows numbered above the tenant's counters. After a restore the counters would assign these numbers again.
/// </summary>
internal sealed class TenantSnapshot(TableEntity? counter)
{
    private readonly int conversations = counter?.GetInt32("LastConversation") ?? 0;
    private readonly int senders = counter?.GetInt32("LastSender") ?? 0;
    private readonly int chatbots = counter?.GetInt32(ChatbotReader.Counter) ?? 0;
    private readonly int keys = counter?.GetInt32(ApiKeyReader.Counter) ?? 0;
    private readonly int exports = counter?.GetInt32(ExportStore.Counter) ?? 0;

    /// <summary>The counter row at the time of the snapshot; null if it did not exist.</summary>
    public TableEntity? Counter => counter;

    public bool Includes(TableEntity row)
    {
        if (row.PartitionKey.Contains("|b", StringComparison.Ordinal))
        {
            return ChatbotRowKeys.ReadChatbotPartition(row.PartitionKey) <= chatbots;
        }

        var key = row.RowKey;
        return key[..(key.IndexOf('|', StringComparison.Ordinal) + 1)] switch
        {
            "c|" => KeyParts.LastNumber(key) <= conversations,
            "a|" or "ai|" or "ac|" => ConversationRowKeys.ReadActivity(key).Number <= conversations,
            "u|" => ConversationRowKeys.ReadUnread(key) <= conversations,
            "fs|" => FollowUpRowKeys.ReadFollowUpInList(key).Conversation <= conversations,
            "s|" => KeyParts.LastNumber(key) <= senders,
            "si|" or "sx|" => row.GetInt32("Sender") <= senders,
            "b|" => KeyParts.LastNumber(key) <= chatbots,
            "key|" => KeyParts.LastNumber(key) <= keys,
            "e|" => KeyParts.LastNumber(key) <= exports,
            ChangeRowKeys.Changes when row.PartitionKey.Contains('|', StringComparison.Ordinal) =>
                KeyParts.LastNumber(key) <= conversations,
            ChangeRowKeys.Changes => Includes(ChangeRow.ReadObject(row)),
            _ => true,
        };
    }

    private bool Includes(ObjectChange logged) => logged.Number <= logged.Change.Type switch
    {
        ChangeType.SenderCreated or ChangeType.SenderUpdated => senders,
        ChangeType.ChatbotCreated or ChangeType.ChatbotUpdated or ChangeType.ChatbotDeleted => chatbots,
        ChangeType.KeyCreated or ChangeType.KeyRotated or ChangeType.KeyRevoked => keys,
        _ => exports,
    };
}
