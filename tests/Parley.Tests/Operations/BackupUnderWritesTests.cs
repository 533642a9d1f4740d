using System.Globalization;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Operations;
using Parley.Operations.Backup;
using Parley.Operations.Format;
using Parley.Operations.Restore;
using Parley.Senders;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Xunit;

namespace Parley.Tests.Operations;

/// <summary>
/// The app writes between every two responses that the back-up reads; a response contains three rows.
/// </summary>
public sealed class BackupUnderWritesTests : IDisposable
{
    private const int PageRows = 3;
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("parley-backup-");

    [Fact]
    public async Task A_back_up_taken_while_the_app_writes_restores_to_a_consistent_store()
    {
        await using var source = await OperatedStore.StartAsync();
        await using var target = await OperatedStore.StartAsync();
        await using var host = await source.StartHostAsync();
        using var client = OperatedStore.ClientOf(host, await OperatedStore.NewTenantAsync(host, "Busy"));
        var chats = new List<JsonNode>();
        for (var i = 0; i < 4; i++)
        {
            chats.Add(await client.PostAsync("v1/conversations", new { title = $"Chat {i}", channel = "web", address = $"+372 {i}" }));
            await client.PostTextAsync(chats[i], "Hello");
            await client.PostTextAsync(chats[i], "How can I help?", "assistant");
            await client.FollowUpAsync(chats[i], TimeSpan.FromHours(1));
        }

        var writer = new Writer(client, chats);
        var hooked = CallHook.Hooked(source.Account, source.ConnectionString, writer.BeforeAsync);
        var backup = Path.Combine(directory.FullName, "backup");
        await using var printed = new StringWriter();
        await new BackupRun(hooked, new Progress(printed, TimeProvider.System), TimeProvider.System) { PageRows = PageRows }
            .RunAsync(backup, CancellationToken.None);

        Assert.True(writer.Writes > 50, $"{writer.Writes} writes");
        Assert.Matches("[1-9][0-9]* conversations changed while they were read", printed.ToString());
        await new RestoreRun(target.Account, new Progress(TextWriter.Null, TimeProvider.System), TimeProvider.System).RunAsync(backup, CancellationToken.None);
        AssertConsistent(await EntitiesAsync(target.Account));
        await AssertTakesWritesAsync(target, client);
    }

    [Fact]
    public async Task A_conversation_that_never_stands_still_fails_the_back_up_and_leaves_no_manifest()
    {
        await using var source = await OperatedStore.StartAsync();
        var tables = source.Account.Tables;
        await tables.CreateIfNotExistsAsync(CancellationToken.None);
        var row = new TableEntity("00000001|0000000001", ConversationRowKeys.Head);
        await tables.Conversations.UpsertEntityAsync(row);
        var hooked = CallHook.Hooked(source.Account, source.ConnectionString, _ => tables.Conversations.UpsertEntityAsync(row));
        var path = Path.Combine(directory.FullName, "rows.gz");
        await using var file = LineFile.Create(path);
        var snapshots = new ConversationSnapshots(hooked.Tables, new Progress(TextWriter.Null, TimeProvider.System), TimeProvider.System) { MaxAttempts = 3 };

        var refusal = await Assert.ThrowsAsync<OperationException>(() => snapshots.WriteAsync(file, CancellationToken.None));

        Assert.StartsWith("Conversation 00000001|0000000001 changed during each of 3 attempts", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, file.Lines);
    }

    public void Dispose() => directory.Delete(recursive: true);

    private static async Task<ILookup<string, TableEntity>> EntitiesAsync(Account account)
    {
        var rows = new List<(string Table, TableEntity Row)>();
        foreach (var table in account.Tables.All)
        {
            rows.AddRange(await table.QueryAsync<TableEntity>().Select(row => (table.Name, row)).ToListAsync());
        }

        return rows.ToLookup(row => row.Table, row => row.Row);
    }

    private static void AssertConsistent(ILookup<string, TableEntity> store)
    {
        var tenant = new TenantId(1);
        var listed = store["Tenants"].Where(row => row.PartitionKey == tenant.PartitionKey).ToDictionary(row => row.RowKey);
        var places = store["Tenants"].Select(row => (row.PartitionKey, row.RowKey)).ToHashSet();
        var due = store["Schedule"].Select(row => new ScheduledRow(row)).ToList();
        var counter = listed[TenantRowKeys.Counter];
        Assert.Equal(Dense(counter.GetInt32("LastConversation")!.Value), Numbers(listed.Keys, "c|"));
        Assert.Equal(Dense(counter.GetInt32("LastSender")!.Value), Numbers(listed.Keys, "s|"));
        Assert.All(listed.Values.Where(row => row.RowKey.StartsWith("si|", StringComparison.Ordinal)), row =>
            Assert.Contains(SenderRowKeys.Sender(row.GetInt32("Sender")!.Value), listed.Keys));
        Assert.All(listed.Values.Where(row => row.RowKey.StartsWith("k|", StringComparison.Ordinal)), row =>
            Assert.Contains(ConversationRowKeys.Conversation(row.GetInt32("Result")!.Value), listed.Keys));

        var conversations = store["Conversations"].GroupBy(row => row.PartitionKey).ToList();
        Assert.True(conversations.Count >= 4);
        foreach (var partition in conversations)
        {
            var key = new ConversationKey(tenant, int.Parse(partition.Key.Split('|')[1], CultureInfo.InvariantCulture));
            var rows = partition.ToDictionary(row => row.RowKey);
            var head = ConversationRow.Read(rows[ConversationRowKeys.Head], key);
            Assert.Equal(Dense(head.Last), Numbers(rows.Keys, "m|"));
            Assert.Equal(head.LastMessage ?? "", head.Last == 0 ? "" : rows[MessageRowKeys.Message(head.Last)].GetString("Text"));
            Assert.Contains(ConversationRowKeys.Conversation(key.Number), listed.Keys);
            var logged = rows.Keys.Where(row => row.StartsWith(ChangeRowKeys.Changes, StringComparison.Ordinal)).ToList();
            Assert.Equal(Dense(head.Revision), logged.Select(KeyParts.LastNumber));
            Assert.All(logged, row => Assert.Contains(
                (ConversationRowKeys.ActivityPartition(key), ChangeRowKeys.ChangedConversation(ChangeRowKeys.ReadMinute(row), key.Number)), places));
            Assert.All(ConversationActivity.ListRows(head), row => Assert.Contains((row.PartitionKey, row.RowKey), places));
            Assert.True(listed[ConversationRowKeys.Conversation(key.Number)].GetInt64("Until") >= head.ListedUntil);
            if (head is { Unread: > 0, Inbox: not null })
            {
                Assert.Contains(ConversationActivity.UnreadRow(head).RowKey, listed.Keys);
            }

            var followUps = rows.Values.Where(row => row.RowKey.StartsWith("f|", StringComparison.Ordinal)).Select(row => FollowUpRow.Read(row, key)).ToList();
            Assert.Equal(head.FollowUps, followUps.Count);
            var pending = followUps.Where(followUp => followUp.Status == FollowUpStatus.Pending).ToList();
            Assert.Equal(
                head.Pending.Select(one => (one.Number, one.Revision)).Order(), pending.Select(one => (one.Number, one.Revision)).Order());
            Assert.All(followUps, followUp =>
            {
                var indexed = IndexedFollowUp.Of(followUp);
                Assert.Contains(indexed.StatusListRow.RowKey, listed.Keys);
                Assert.True(indexed.DueAt is null || due.Any(row => row.IsOf(indexed.Scheduled)));
                Assert.Equal(followUp.Revision, Numbers(rows.Keys, FollowUpRowKeys.FollowUpEvents(followUp.Number)).Count);
            });
        }
    }

    private static List<int> Dense(int last) => [.. Enumerable.Range(1, last)];

    private static List<int> Numbers(IEnumerable<string> keys, string start) =>
        [.. keys.Where(key => key.StartsWith(start, StringComparison.Ordinal)).Select(KeyParts.LastNumber).Order()];

    private static async Task AssertTakesWritesAsync(OperatedStore target, HttpClient before)
    {
        await using var host = await target.StartHostAsync(TimeSpan.FromMinutes(5));
        using var client = OperatedStore.ClientOf(host, before.DefaultRequestHeaders.Authorization!.Parameter!);
        var listed = (await client.GetAsync("v1/conversations?pageSize=100", "results")).AsArray();
        Assert.True(listed.Count >= 4);
        foreach (var chat in listed)
        {
            await client.PostTextAsync(chat!, "After the restore", "assistant");
            await client.FollowUpAsync(chat!, TimeSpan.FromHours(1));
        }

        for (var i = 0; i < 3; i++)
        {
            await client.PostAsync("v1/conversations", new { title = "New", channel = "web", address = $"+371 {i}" });
        }
    }

    /// <summary>
    /// Before each of the first queries, one write: an append, a follow-up that is cancelled or added, or a new
    /// conversation with a new contact.
    /// </summary>
    private sealed class Writer(HttpClient client, List<JsonNode> chats)
    {
        private const int Rounds = 40;
        private readonly Dictionary<string, int> rounds = [];

        public int Writes { get; private set; }

        public async Task BeforeAsync(Request request)
        {
            // The number of writes is limited for each table, so that writes also occur between the responses of the
            // last table.
            var table = request.Uri.Path.Split('(')[0].TrimEnd('/');
            var round = rounds[table] = rounds.GetValueOrDefault(table) + 1;
            if (round > Rounds)
            {
                return;
            }

            var chat = chats[round % 4];
            switch (round % 5)
            {
                case 0:
                    chats.Add(await client.PostAsync("v1/conversations", new { title = "New", channel = "web", address = $"+370 {table} {round}" }, $"{table} {round}"));
                    break;
                case 1:
                    await client.PostTextAsync(chat, $"Question {round}");
                    break;
                case 2:
                    await client.PostTextAsync(chats[(round - 1) % 4], $"Answer {round}", "assistant");
                    await client.FollowUpAsync(chats[(round - 1) % 4], TimeSpan.FromMinutes(60 + round));
                    Writes++;
                    break;
                default:
                    await client.PostTextAsync(chat, $"Message {round}", "assistant");
                    break;
            }

            Writes++;
        }
    }
}
