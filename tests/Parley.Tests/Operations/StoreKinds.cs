using System.Reflection;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Operations;

/// <summary>
/// A row of each kind that <see cref="RowKeys"/> defines: its table, and how the row key begins (of a chatbot's
/// partition and of Keys, the partition key). A new kind fails <see cref="AssertComplete"/> until a row of it is here,
/// and so in the store that is backed up.
/// </summary>
internal static class StoreKinds
{
    private static readonly Dictionary<string, (string Table, string Start)> Kinds = new()
    {
        [nameof(RowKeys.Head)] = ("Conversations", "head"),
        [nameof(RowKeys.Profile)] = ("Tenants", "profile"),
        [nameof(RowKeys.Counter)] = ("Tenants", "counter"),
        [nameof(RowKeys.Message)] = ("Conversations", "m|"),
        [nameof(RowKeys.IdempotencyKey)] = ("Conversations", "k|"),
        [nameof(RowKeys.IdempotencyKey) + " of a tenant"] = ("Tenants", "k|"),
        [nameof(RowKeys.Conversation)] = ("Tenants", "c|"),
        [nameof(RowKeys.ActivityList)] = ("Tenants", "a|"),
        [nameof(RowKeys.InboxActivityList)] = ("Tenants", "ai|"),
        [nameof(RowKeys.ContactActivityList)] = ("Tenants", "ac|"),
        [nameof(RowKeys.UnreadList)] = ("Tenants", "u|"),
        [nameof(RowKeys.Sender)] = ("Tenants", "s|"),
        [nameof(RowKeys.SenderIdentifier)] = ("Tenants", "si|"),
        [nameof(RowKeys.SenderExternalId)] = ("Tenants", "sx|"),
        [nameof(RowKeys.Thread)] = ("Conversations", "th|"),
        [nameof(RowKeys.ThreadMessage)] = ("Conversations", "tm|"),
        [nameof(RowKeys.Ticket)] = ("Conversations", "tk|"),
        [nameof(RowKeys.FollowUp)] = ("Conversations", "f|"),
        [nameof(RowKeys.FollowUpEvent)] = ("Conversations", "fe|"),
        [nameof(RowKeys.MessageFollowUp)] = ("Conversations", "fm|"),
        [nameof(RowKeys.FollowUpInList) + " pending"] = ("Tenants", "fs|1|"),
        [nameof(RowKeys.FollowUpInList) + " sent"] = ("Tenants", "fs|2|"),
        [nameof(RowKeys.FollowUpInList) + " cancelled"] = ("Tenants", "fs|4|"),
        [nameof(RowKeys.FollowUpInList) + " failed"] = ("Tenants", "fs|3|"),
        [nameof(RowKeys.ScheduledFollowUp)] = ("Due", "f|"),
        [nameof(RowKeys.Export)] = ("Tenants", "e|"),
        [nameof(RowKeys.ScheduledExport)] = ("Due", "e|00000001|0000000001|0"),
        [nameof(RowKeys.ScheduledExpiry)] = ("Due", "e|00000001|0000000001|x"),
        [nameof(RowKeys.Chatbot)] = ("Tenants", "b|"),
        [nameof(RowKeys.Record)] = ("Tenants", "r|"),
        [nameof(RowKeys.Completion)] = ("Conversations", "t|"),
        [nameof(RowKeys.ScheduledCompletion)] = ("Due", "t|"),
        [nameof(RowKeys.ExternalId)] = ("Conversations", "x|"),
        [nameof(RowKeys.File)] = ("Conversations", "b|"),
        [nameof(RowKeys.CursorSecret)] = ("Tenants", "cursors"),
        [nameof(RowKeys.Tenant)] = ("Tenants", "t|"),
        [nameof(RowKeys.ScheduledIdempotencyKeys)] = ("Due", "k|"),
        [nameof(RowKeys.ScheduledFile)] = ("Due", "b|"),
        [nameof(RowKeys.ApiKeyPartition)] = ("Keys", ""),
    };

    /// <summary>Parts of the keys above, partitions, and the beginnings of ranges.</summary>
    private static readonly string[] Parts =
    [
        nameof(RowKeys.AdministrationPartition), nameof(RowKeys.Activity), nameof(RowKeys.EndOf), nameof(RowKeys.Unread), nameof(RowKeys.ThreadMessages),
        nameof(RowKeys.FollowUpEvents), nameof(RowKeys.MessageFollowUps), nameof(RowKeys.FollowUpList), nameof(RowKeys.ScheduledFollowUps), nameof(RowKeys.ScheduledKeys),
        nameof(RowKeys.ScheduledFiles), nameof(RowKeys.ScheduledExports), nameof(RowKeys.ChatbotPartition), nameof(RowKeys.Records), nameof(RowKeys.RecordsAt),
        nameof(RowKeys.ScheduledCompletions), nameof(RowKeys.SchedulePartition),
    ];

    /// <summary>Every kind, as <c>Table/Name</c>.</summary>
    public static IEnumerable<string> Names => Kinds.Select(kind => $"{kind.Value.Table}/{kind.Key}");

    /// <summary>The kind of a row, as <c>Table/Name</c>.</summary>
    public static string KindOf(string table, string rowKey)
    {
        var kind = Kinds.FirstOrDefault(kind => kind.Value.Table == table && rowKey.StartsWith(kind.Value.Start, StringComparison.Ordinal));
        return kind.Key is null ? throw new InvalidDataException($"{table} {rowKey} is of no kind that RowKeys defines.") : $"{table}/{kind.Key}";
    }

    /// <summary>Whether the store has a row of every kind, and this list every kind.</summary>
    public static void AssertComplete(IReadOnlyCollection<StoredRow> store)
    {
        const BindingFlags Everything = BindingFlags.Public | BindingFlags.Static;
        var methods = typeof(RowKeys).GetMethods(Everything).Where(method => method.ReturnType == typeof(string)).Select(method => method.Name);
        var constants = typeof(RowKeys).GetFields(Everything).Where(field => field.FieldType == typeof(string)).Select(field => field.Name);
        Assert.Equal(
            methods.Concat(constants).Distinct().Order(StringComparer.Ordinal),
            Kinds.Keys.Select(kind => kind.Split(' ')[0]).Concat(Parts).Distinct().Order(StringComparer.Ordinal));
        Assert.All(Kinds, kind => Assert.Contains(
            store, row => row.Table == kind.Value.Table && row.RowKey.StartsWith(kind.Value.Start, StringComparison.Ordinal)));
    }
}
