using System.Text;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Exports;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Tenants;
using Xunit;

namespace Parley.Tests.Storage;

/// <summary>Work that was scheduled in one table is done once by instances that write to the same or the other.</summary>
public sealed class ScheduleUpgradeTests
{
    [Theory]
    [InlineData(ScheduleTable.Due, ScheduleTable.Schedule)]
    [InlineData(ScheduleTable.Due, ScheduleTable.Due)]
    [InlineData(ScheduleTable.Schedule, ScheduleTable.Due)]
    public Task Due_rows_of_every_kind_are_drained_and_their_work_is_done_once(ScheduleTable before, ScheduleTable after) =>
        Interleaving.RunAsync(1, async run =>
        {
            var stage = new Stage(run);
            var facts = await stage.FillAsync(before);
            var rows = await stage.Tables.ScheduledRowsAsync();
            Assert.All(rows, row => Assert.Equal(before == ScheduleTable.Due, row.IsInDue));
            Assert.Equal(["b", "e", "f", "k", "t"], rows.Select(row => row.RowKey[..1]).Distinct().Order(StringComparer.Ordinal));

            await stage.DrainAsync(after);

            await stage.VerifyAsync(facts);
            Assert.Empty(await stage.Tables.ScheduledRowsAsync());
        });

    private sealed record Facts(FollowUp Sent, FollowUp Cancelled, MessageKey Question, Export Export, ConversationKey OfFile, Guid File);

    private sealed class Stage(Simulation run)
    {
        private static readonly IConfiguration Settings = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Providers:main:Type"] = "scripted" }).Build();

        private readonly StrictTables tables = new(run.Time);
        private readonly SimulatedWorkQueue<FollowUpChunk> chunks = new(run) { ComesAgainWithin = TimeSpan.Zero };
        private readonly SimulatedWorkQueue<QueuedReply> replies = new(run) { ComesAgainWithin = TimeSpan.Zero };
        private ExportModel? exports;

        public ParleyTables Tables => new(tables.Connect("reader").ServiceClient());

        private ExportModel Exports => exports ??= new ExportModel(run, tables);

        /// <summary>Stores work of every kind. All queue messages are lost.</summary>
        public async Task<Facts> FillAsync(ScheduleTable write)
        {
            var process = Start("before", write, queues: null);
            await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
            await process.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
            await process.Files.CreateIfNotExistsAsync(CancellationToken.None);
            await process.Administration.CreateTenantAsync("tenant", TenantProcess.Operator, CancellationToken.None);
            var chatbot = await process.ChatbotWriter.CreateAsync(Appends.Tenant, one => one with { Name = "Bot", Instructions = "Be brief." }, CancellationToken.None);
            var (chat, talk) = (await CreateAsync(process, null), await CreateAsync(process, chatbot.Id));

            await process.Append.AppendAsync(chat, new(MessageRole.Assistant, "How can I help?", null, null, null), KeyOf("hello"), CancellationToken.None);
            var sent = await FollowUpAsync(process, chat, "sent");
            var cancelled = await FollowUpAsync(process, chat, "cancelled");
            await process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{cancelled.Id}", new() { Status = FollowUpStatus.Cancelled }, "test", null, CancellationToken.None);
            var question = await process.AutoReplies.AppendAsync(talk, new(MessageRole.Customer, "/words 3 /pace 0", null, null, null), KeyOf("question"), CancellationToken.None);
            var (export, _) = await process.ExportCreation.CreateAsync(
                Appends.Tenant, new NewExport(null, null, ExportModel.CallbackUrl, Language.EnUs, TableFormat.Csv), KeyOf("export"), CancellationToken.None);
            using var content = new MemoryStream(Encoding.UTF8.GetBytes("text"));
            var uploaded = await process.Files.UploadAsync(chat.Key, content, "a.txt", CancellationToken.None);
            await FileRows.WriteScheduleAsync(process.Schedule, chat.Key, uploaded.File.Id, revision: 0, run.Time.GetUtcNow() + FileRows.CheckAfter, CancellationToken.None);
            await process.Files.CommitAsync(chat.Key, uploaded, CancellationToken.None);
            return new Facts(sent, cancelled, question.Message.Key, export, chat.Key, uploaded.File.Id);
        }

        /// <summary>Runs two instances' timers at once and delivers their messages, until files of exports expire.</summary>
        public async Task DrainAsync(ScheduleTable write)
        {
            var processes = new[] { Start("first", write, queues: Exports), Start("second", write, queues: Exports) };
            foreach (var (pause, times) in new[] { (TimeSpan.FromMinutes(1), 10), (TimeSpan.FromMinutes(20), 6), (TimeSpan.FromHours(6), 6), (TimeSpan.FromDays(1), 8) })
            {
                for (var i = 0; i < times; i++)
                {
                    await Task.Delay(pause, run.Time);
                    await Task.WhenAll(processes.Select(TickAsync));
                    await Task.WhenAll(processes.Select(DeliverAsync));
                }
            }
        }

        public async Task VerifyAsync(Facts facts)
        {
            var reader = Start("verify", ScheduleTable.Schedule, queues: null);
            var messages = await MessageRow.ReadRangeAsync(reader.Tables, facts.Sent.Conversation, 1, 100, CancellationToken.None).ToListAsync();
            Assert.Equal(["How can I help?", "sent"], messages.Select(message => message.Text));
            Assert.Equal(FollowUpStatus.Sent, (await reader.FollowUps.FindAsync(facts.Sent.Conversation, facts.Sent.Number, CancellationToken.None))!.Status);
            Assert.Equal(FollowUpStatus.Cancelled, (await reader.FollowUps.FindAsync(facts.Cancelled.Conversation, facts.Cancelled.Number, CancellationToken.None))!.Status);

            var talk = await MessageRow.ReadRangeAsync(reader.Tables, facts.Question.Conversation, 1, 100, CancellationToken.None).ToListAsync();
            Assert.Equal(["/words 3 /pace 0", "word1 word2 word3"], talk.Select(message => message.Text));
            var completion = await reader.CompletionStore.FindAsync(facts.Question, CancellationToken.None);
            Assert.Equal((CompletionStatus.Ended, 1, null), (completion!.Status, completion.Attempt, completion.Error));

            var export = await reader.Exports.FindAsync(facts.Export.Key, CancellationToken.None);
            Assert.Equal((ExportStatus.Expired, WebhookStatus.Taken, ExportFiles.SharedBlob), (export!.Status, export.WebhookStatus, export.FileAttempt));
            Assert.Single(Exports.Log[facts.Export.Key].FileTakes);
            Assert.Single(Exports.Receiver.Deliveries);
            Exports.Log.Verify();
            Assert.Null(Exports.Blobs.Find(FileStore.ContainerName, FileStore.BlobName(facts.OfFile, facts.File)));
            foreach (var table in new[] { reader.Tables.Conversations, reader.Tables.Tenants })
            {
                Assert.DoesNotContain(await table.QueryAsync<TableEntity>().ToListAsync(), row => row.RowKey.StartsWith("k|", StringComparison.Ordinal));
            }
        }

        private ParleyProcess Start(string name, ScheduleTable write, ExportModel? queues)
        {
            var (connection, nowhere) = (tables.Connect(name, new TableHooks { After = Exports.Log.Note }), new NoQueues());
            return new ParleyProcess(
                connection,
                run.Time,
                seed: name.Length,
                queues is null ? nowhere : chunks.Of(connection),
                new ExportSurroundings(Exports.Blobs.ServiceClient(connection), queues?.Queues.Of(connection) ?? nowhere, Exports.Receiver.Of(connection)),
                new AssistantSurroundings(Settings, queues is null ? nowhere : replies.Of(connection)),
                write: write);
        }

        private static async Task<EntityRef<ConversationKey>> CreateAsync(ParleyProcess process, Guid? chatbot)
        {
            var draft = new Parley.Conversations.NewConversation("talk", "web", null, null, null, null, null) { Chatbot = chatbot };
            var (created, _) = await process.Creation.CreateAsync(Appends.Tenant, draft, KeyOf($"create {chatbot}"), CancellationToken.None);
            return new EntityRef<ConversationKey>(created.Key, null);
        }

        private async Task<FollowUp> FollowUpAsync(ParleyProcess process, EntityRef<ConversationKey> chat, string text) => (await process.FollowUpWriter.CreateAsync(
            chat, run.Time.GetUtcNow().AddMinutes(5), text, "test", null, CancellationToken.None)).FollowUp;

        private static IdempotencyKey KeyOf(string key) => IdempotencyKey.Create(key, [key]);

        private static async Task TickAsync(ParleyProcess process)
        {
            await process.FollowUpDispatch.DispatchAsync(CancellationToken.None);
            await process.ExportDispatch.DispatchAsync(CancellationToken.None);
            await process.CompletionRecovery.RunAsync(CancellationToken.None);
            await process.Cleanup.RunAsync(CancellationToken.None);
        }

        private async Task DeliverAsync(ParleyProcess process)
        {
            while (chunks.Take() is { } chunk)
            {
                await process.FollowUpSender.SendAsync(chunk.Message, CancellationToken.None);
            }

            while (replies.Take() is { } reply)
            {
                await process.AutoReplies.RunAsync(reply.Message, CancellationToken.None);
            }

            await Exports.DeliverAsync(ExportOperations.Production, process);
        }
    }
}
