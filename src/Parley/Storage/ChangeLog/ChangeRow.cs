using System.Globalization;
using Azure.Data.Tables;

namespace Parley.Storage.ChangeLog;

/// <summary>
/// The rows of the change log. Each is written in the transaction that makes its changes, so a change is logged exactly
/// if it happened. It has no content of the objects.
/// </summary>
internal static class ChangeRow
{
    /// <summary>The row of a conversation's transaction.</summary>
    /// <param name="partitionKey">The conversation's partition.</param>
    public static TableEntity Create(string partitionKey, ConversationChanges changes)
    {
        var row = Create(
            partitionKey,
            ChangeRowKeys.ConversationChanges(changes.Minute, changes.Sequence),
            changes.At,
            changes.Actor,
            changes.Changes);
        row["Conversation"] = changes.Conversation;
        return row;
    }

    public static ConversationChanges ReadConversation(TableEntity row) => new(
        ChangeRowKeys.ReadMinute(row.RowKey),
        KeyParts.LastNumber(row.RowKey),
        row.GetDateTimeOffset("At")!.Value,
        row.GetGuid("Conversation")!.Value,
        ReadActor(row),
        ReadChanges(row));

    /// <summary>The row of an object's transaction, in its tenant's partition.</summary>
    public static TableEntity Create(string partitionKey, ObjectChange change) => Create(
        partitionKey,
        ChangeRowKeys.ObjectChange(change.Minute, (int)change.Change.Type / 10, change.Number, change.Change.Revision),
        change.At,
        change.Actor,
        [change.Change]);

    public static ObjectChange ReadObject(TableEntity row) => new(
        ChangeRowKeys.ReadMinute(row.RowKey),
        KeyParts.Number(row.RowKey.Split('|')[3]),
        row.GetDateTimeOffset("At")!.Value,
        ReadActor(row),
        ReadChanges(row)[0]);

    private static TableEntity Create(
        string partitionKey, string rowKey, DateTimeOffset at, ChangeActor? actor, IEnumerable<Change> changes)
    {
        var row = new TableEntity(partitionKey, rowKey)
        {
            ["At"] = at,
            ["Changes"] = string.Join(' ', changes.Select(Write)),
        };
        row.SetIfAny("Key", actor?.Key);
        row.SetIfAny("Actor", actor?.Label);
        return row;
    }

    private static string Write(Change change) => string.Create(
        CultureInfo.InvariantCulture, $"{(int)change.Type}:{change.Id:N}:{change.Revision}");

    private static Change[] ReadChanges(TableEntity row) => [.. row.GetString("Changes").Split(' ').Select(Read)];

    private static Change Read(string text)
    {
        var parts = text.Split(':');
        return new Change(
            (ChangeType)KeyParts.Number(parts[0]), Guid.ParseExact(parts[1], "N"), KeyParts.Number(parts[2]));
    }

    private static ChangeActor? ReadActor(TableEntity row) =>
        row.GetString("Actor") is { } label ? new ChangeActor(row.GetInt32("Key"), label) : null;
}
