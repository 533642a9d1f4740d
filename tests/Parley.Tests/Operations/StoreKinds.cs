using System.Reflection;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Cleanup;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Exports;
using Parley.Files;
using Parley.Senders;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Tenants.Tokens;
using Xunit;

namespace Parley.Tests.Operations;

/// <summary>
/// A row of each kind that the classes named <c>…RowKeys</c> define: its table, and the beginning of the row key (of a
/// chatbot's partition and of the table Keys, the partition key), where # is any digit. A new kind fails <see cref="AssertComplete"/> until
/// it is listed here and the store that is backed up has a row of it.
/// </summary>
internal static class StoreKinds
{
    private static readonly (string Name, string Table, string Start)[] Kinds =
    [
        (nameof(ConversationRowKeys.Head), "Conversations", "head"),
        (nameof(AdministrationRowKeys.Profile), "Tenants", "profile"),
        (nameof(TenantRowKeys.Counter), "Tenants", "counter"),
        (nameof(MessageRowKeys.Message), "Conversations", "m|"),
        (nameof(IdempotencyRowKeys.IdempotencyKey), "Conversations", "k|"),
        (nameof(IdempotencyRowKeys.IdempotencyKey) + " of a tenant", "Tenants", "k|"),
        (nameof(ConversationRowKeys.Conversation), "Tenants", "c|"),
        (nameof(ConversationRowKeys.ActivityList), "Tenants", "a|"),
        (nameof(ConversationRowKeys.InboxActivityList), "Tenants", "ai|"),
        (nameof(ConversationRowKeys.ContactActivityList), "Tenants", "ac|"),
        (nameof(ConversationRowKeys.Inbox), "Tenants", "ib|"),
        (nameof(ConversationRowKeys.UnreadList), "Tenants", "u|"),
        (nameof(SenderRowKeys.Sender), "Tenants", "s|"),
        (nameof(SenderRowKeys.SenderIdentifier), "Tenants", "si|"),
        (nameof(SenderRowKeys.SenderExternalId), "Tenants", "sx|"),
        (nameof(ThreadRowKeys.Thread), "Conversations", "th|"),
        (nameof(ThreadRowKeys.ThreadMessage), "Conversations", "tm|"),
        (nameof(TicketRowKeys.Ticket), "Conversations", "tk|"),
        (nameof(FollowUpRowKeys.FollowUp), "Conversations", "f|"),
        (nameof(FollowUpRowKeys.FollowUpEvent), "Conversations", "fe|"),
        (nameof(FollowUpRowKeys.MessageFollowUp), "Conversations", "fm|"),
        (nameof(FollowUpRowKeys.FollowUpInChat), "Conversations", "fc|"),
        (nameof(FollowUpRowKeys.ListedFollowUps), "Conversations", "fc"),
        (nameof(FollowUpRowKeys.FollowUpInList) + " pending", "Tenants", "fs|1|"),
        (nameof(FollowUpRowKeys.FollowUpInList) + " sent", "Tenants", "fs|2|"),
        (nameof(FollowUpRowKeys.FollowUpInList) + " cancelled", "Tenants", "fs|4|"),
        (nameof(FollowUpRowKeys.FollowUpInList) + " failed", "Tenants", "fs|3|"),
        (nameof(FollowUpRowKeys.ScheduledFollowUp), "Due", "f|"),
        (nameof(FollowUpRowKeys.ScheduledFollowUp), "Schedule", "f|"),
        (nameof(ExportRowKeys.Export), "Tenants", "e|"),
        (nameof(ExportRowKeys.ScheduledExport), "Due", "e|00000001|0000000001|0"),
        (nameof(ExportRowKeys.ScheduledExport), "Schedule", "e|00000001|0000000001|0"),
        (nameof(ExportRowKeys.ScheduledExpiry), "Due", "e|00000001|0000000001|x"),
        (nameof(ExportRowKeys.ScheduledExpiry), "Schedule", "e|00000001|0000000001|x"),
        (nameof(ChatbotRowKeys.Chatbot), "Tenants", "b|"),
        (nameof(ChatbotRowKeys.WebChat), "Tenants", "w|"),
        (nameof(RecordRowKeys.Record), "Tenants", "r|"),
        (nameof(CompletionRowKeys.Chunk), "Conversations", "t|##########|"),
        (nameof(CompletionRowKeys.Completion), "Conversations", "t|"),
        (nameof(CompletionRowKeys.ScheduledCompletion), "Due", "t|"),
        (nameof(CompletionRowKeys.ScheduledCompletion), "Schedule", "t|"),
        (nameof(IdempotencyRowKeys.ExternalId), "Conversations", "x|"),
        (nameof(FileRowKeys.File), "Conversations", "b|"),
        (nameof(TenantRowKeys.CursorSecret), "Tenants", "cursors"),
        (nameof(AdministrationRowKeys.Tenant), "Tenants", "t|"),
        (nameof(IdempotencyRowKeys.ScheduledIdempotencyKeys), "Due", "k|"),
        (nameof(IdempotencyRowKeys.ScheduledIdempotencyKeys), "Schedule", "k|"),
        (nameof(FileRowKeys.ScheduledFile), "Due", "b|"),
        (nameof(FileRowKeys.ScheduledFile), "Schedule", "b|"),
        (nameof(AdministrationRowKeys.ApiKey), "Tenants", "key|"),
        (nameof(AdministrationRowKeys.KeyListing), "Tenants", "keys-listed"),
        (nameof(AuditRowKeys.AuditEntry), "Tenants", "audit|"),
        (nameof(AdministrationRowKeys.Sealing), "Tenants", "sealing"),
        (nameof(SigningKeyRowKeys.SigningKey), "Tenants", "token-key|"),
        (nameof(TenantErasureRowKeys.Erasure), "Tenants", "erase|"),
        (nameof(ChangeRowKeys.ConversationChanges), "Conversations", "l|"),
        (nameof(ChangeRowKeys.ObjectChange), "Tenants", "l|##########|###|"),
        (nameof(ChangeRowKeys.ChangedConversation), "Tenants", "l|"),
        (nameof(AdministrationRowKeys.ApiKeyPartition), "Keys", ""),
    ];

    /// <summary>Parts of the keys above, partitions, and the beginnings of ranges.</summary>
    private static readonly string[] Parts =
    [
        nameof(TenantRowKeys.AdministrationPartition), nameof(ConversationRowKeys.ActivityPartition), nameof(ConversationRowKeys.Activity), nameof(KeyParts.EndOf), nameof(ConversationRowKeys.InboxList), nameof(ConversationRowKeys.Unread), nameof(ThreadRowKeys.ThreadMessages),
        nameof(FollowUpRowKeys.FollowUpEvents), nameof(FollowUpRowKeys.MessageFollowUps), nameof(FollowUpRowKeys.FollowUpList), nameof(FollowUpRowKeys.FollowUpsInChat), nameof(FollowUpRowKeys.ScheduledFollowUps), nameof(IdempotencyRowKeys.ScheduledKeys),
        nameof(AuditRowKeys.AuditEntries), nameof(TenantErasureRowKeys.Erasures), nameof(AdministrationRowKeys.Tenants), nameof(SigningKeyRowKeys.SigningKeys), nameof(FileRowKeys.ScheduledFiles), nameof(ExportRowKeys.ScheduledExports), nameof(ChatbotRowKeys.ChatbotPartition), nameof(RecordRowKeys.Records), nameof(RecordRowKeys.RecordsAt),
        nameof(CompletionRowKeys.ScheduledCompletions), nameof(ScheduleRowKeys.SchedulePartition), nameof(ScheduleRowKeys.SchedulePartitions), nameof(ScheduleRowKeys.DuePartition),
        nameof(ChangeRowKeys.Changes), nameof(ChangeRowKeys.ChangesOfMinute),
    ];

    /// <summary>Every kind, as <c>Table/Name</c>.</summary>
    public static IEnumerable<string> Names => Kinds.Select(kind => $"{kind.Table}/{kind.Name}");

    /// <summary>The kind of a row, as <c>Table/Name</c>.</summary>
    public static string KindOf(string table, string rowKey)
    {
        var kind = Kinds.FirstOrDefault(kind => kind.Table == table && Begins(rowKey, kind.Start));
        return kind.Name is null ? throw new InvalidDataException($"{table} {rowKey} is of no kind that RowKeys defines.") : $"{table}/{kind.Name}";
    }

    /// <summary>Asserts that the store has a row of every kind, and that this list contains every kind.</summary>
    public static void AssertComplete(IReadOnlyCollection<StoredRow> store)
    {
        const BindingFlags Everything = BindingFlags.Public | BindingFlags.Static;
        var classes = typeof(KeyParts).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("RowKeys", StringComparison.Ordinal)).Append(typeof(KeyParts)).ToList();
        var methods = classes.SelectMany(type => type.GetMethods(Everything))
            .Where(method => method.ReturnType == typeof(string)).Select(method => method.Name);
        var constants = classes.SelectMany(type => type.GetFields(Everything))
            .Where(field => field.FieldType == typeof(string)).Select(field => field.Name);
        Assert.Equal(
            methods.Concat(constants).Distinct().Order(StringComparer.Ordinal),
            Kinds.Select(kind => kind.Name.Split(' ')[0]).Concat(Parts).Distinct().Order(StringComparer.Ordinal));
        Assert.All(Kinds, kind => Assert.Contains(
            store, row => row.Table == kind.Table && Begins(row.RowKey, kind.Start)));
    }

    private static bool Begins(string rowKey, string start) =>
        rowKey.Length >= start.Length
        && rowKey.Zip(start).All(pair => pair.First == pair.Second || pair.Second == '#' && char.IsAsciiDigit(pair.First));
}
