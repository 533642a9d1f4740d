using Parley.Core;
using Parley.Events;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Events;

/// <summary>
/// Plays the committed transactions: what each of them changed that a client can see, and what it logged. Both must be
/// the same, and the feeds return it once and in order.
/// </summary>
internal sealed class LogModel
{
    private readonly List<string> broken = [];
    private readonly List<string> logged = [];
    private readonly Dictionary<string, (int ReadUpTo, string? Metadata)> heads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> tickets = new(StringComparer.Ordinal);

    /// <summary>The ids of the changes that were logged so far.</summary>
    public IReadOnlyCollection<string> Logged => logged;

    /// <summary>For <see cref="TableHooks.After"/>.</summary>
    public void Committed(TableCall call, int status)
    {
        if (status < 300 && call is { Kind: TableCallKind.Transaction, Table: "Conversations" or "Tenants" })
        {
            var rows = call.RowKeys.Zip(call.Operations).ToList();
            var expected = rows.SelectMany(row => ChangesOf(call, row.First, row.Second)).Order(StringComparer.Ordinal);
            var actual = rows.Where(row => IsLogRow(call, row.First)).SelectMany(row => Log(call, row.First)).Order(StringComparer.Ordinal);
            if (!expected.SequenceEqual(actual))
            {
                broken.Add($"{call} changed [{string.Join(", ", expected)}] and logged [{string.Join(", ", actual)}].");
            }
        }
    }

    /// <summary>Asserts that the changes were logged in their transactions, and that a reader has got each once.</summary>
    /// <param name="read">The changes that a reader of the tenant's feed has got, from the beginning to the end.</param>
    public void Verify(IReadOnlyList<FeedChange> read)
    {
        Assert.Empty(broken);
        Assert.Equal(logged.Order(StringComparer.Ordinal), read.Select(change => change.Id).Order(StringComparer.Ordinal));
        VerifyOrder(read);
    }

    /// <summary>Asserts that the feeds of the conversations alone return the same.</summary>
    public static async Task VerifyConversationsAsync(ChangeFeed feed, IReadOnlyList<FeedChange> read)
    {
        foreach (var own in read.Where(change => change.Conversation is not null).GroupBy(change => change.Position.Number))
        {
            var (changes, page) = (new List<FeedChange>(), new FeedPage([], FeedPosition.Beginning, IsAtEnd: false));
            while (!page.IsAtEnd)
            {
                page = await feed.ReadAsync(new ConversationKey(Appends.Tenant, own.Key), page.Next, limit: 2, _ => true, CancellationToken.None);
                changes.AddRange(page.Changes);
            }

            Assert.Equal(own.Select(change => change.Id), changes.Select(change => change.Id));
        }
    }

    private static void VerifyOrder(IReadOnlyList<FeedChange> read)
    {
        Assert.Equal(read.Select(change => change.Position).Order(), read.Select(change => change.Position));
        foreach (var own in read.Where(change => change.Conversation is not null).GroupBy(change => change.Position.Number))
        {
            var places = own.Select(change => (change.Position.Sequence, change.Position.Index)).ToList();
            Assert.Equal(places.Order(), places);
        }
    }

    private IEnumerable<string> ChangesOf(TableCall call, string row, TableCallKind operation)
    {
        var (isNew, revision) = (operation == TableCallKind.Insert, call.Written(row, "Rev"));
        switch (row.Split('|')[0])
        {
            case "head" when isNew:
                heads[call.PartitionKey!] = (0, null);
                return [Named(ChangeType.ConversationCreated, 0, revision)];
            case "head" when operation == TableCallKind.UpdateReplace && call.Written(row, "ReadUpTo") is int readUpTo:
                var before = heads.GetValueOrDefault(call.PartitionKey!);
                var after = (ReadUpTo: readUpTo, Metadata: call.Written(row, "Metadata") as string);
                heads[call.PartitionKey!] = after;
                return after.ReadUpTo > before.ReadUpTo ? [Named(ChangeType.ConversationRead, 0, revision)]
                    : after.Metadata != before.Metadata ? [Named(ChangeType.ConversationUpdated, 0, revision)]
                    : [];
            case "m" when isNew:
                return [Named(ChangeType.MessageCreated, KeyParts.LastNumber(row), revision)];
            case "m" when operation == TableCallKind.UpdateReplace:
                var type = call.Written(row, "DeletedBy") is null ? ChangeType.MessageUpdated : ChangeType.MessageDeleted;
                return [Named(type, KeyParts.LastNumber(row), revision)];
            case "th" when isNew:
                return [Named(ChangeType.ThreadCreated, KeyParts.LastNumber(row), 1)];
            case "tk":
                var (ticket, status) = ($"{call.PartitionKey}|{row}", (int)call.Written(row, "Status")!);
                var wasCompleted = tickets.GetValueOrDefault(ticket) == 3;
                tickets[ticket] = status;
                return [Named(isNew ? ChangeType.TicketCreated : status == 3 && !wasCompleted ? ChangeType.TicketCompleted : ChangeType.TicketUpdated, KeyParts.LastNumber(row), revision)];
            case "s":
                return [Named(isNew ? ChangeType.SenderCreated : ChangeType.SenderUpdated, KeyParts.LastNumber(row), revision)];
            default:
                return [];
        }
    }

    /// <summary>Index rows begin like rows of the log, and are in the partitions of activity lists.</summary>
    private static bool IsLogRow(TableCall call, string row) => row.StartsWith(ChangeRowKeys.Changes, StringComparison.Ordinal)
        && (call.Table == "Conversations" || !call.PartitionKey!.Contains('|', StringComparison.Ordinal));

    private List<string> Log(TableCall call, string row)
    {
        var changes = ((string)call.Written(row, "Changes")!).Split(' ').Select(change => change.Split(':')).ToList();
        var parts = row.Split('|');
        logged.AddRange(changes.Index().Select(change => call.Table == "Conversations"
            ? $"1-{int.Parse(call.PartitionKey!.AsSpan(9), null)}-{KeyParts.LastNumber(row)}-{change.Index}"
            : $"1-sender-{KeyParts.Number(parts[3])}-{KeyParts.LastNumber(row)}"));
        return [.. changes.Select(change => Named((ChangeType)KeyParts.Number(change[0]), NumberOf(Guid.Parse(change[1])), KeyParts.Number(change[2])))];
    }

    private static int NumberOf(Guid id) => Enum.GetValues<EntityKind>()
        .Where(kind => EntityId.TryFromGuid(id, kind, out _))
        .Select(kind => EntityId.TryFromGuid(id, kind, out var entity) && kind == EntityKind.Sender ? entity.Conversation.Number : entity.Sequence)
        .Single();

    private static string Named(ChangeType type, int number, object? revision) => $"{type.Name()} {number} at {revision}";
}
