using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Spreadsheets;
using Parley.Tests.Tenants;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>The calls of exports, counted at the transport, and the rows and blobs that they read and write.</summary>
public sealed class ExportCallTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 9, 30, 30, TimeSpan.Zero);

    /// <summary>Writes or compares the section of docs/storage-calls.md.</summary>
    [Fact]
    public Task Exporting() => RunAsync(async model =>
    {
        var counts = new DocumentedCalls("Operation", "Calls, also of blobs, queues and the receiver");
        async Task CountAsync(string operation, Func<Task> act) => counts.Add(operation, await model.CallsAsync(act));

        await CountAsync("create an export", () => model.CreateAsync(null));
        await CountAsync("create with a key, the tenant's first in an hour", () => model.CreateAsync("key"));
        await CountAsync("create with a key", () => model.CreateAsync("key 2"));
        await CountAsync("create with a key, sent again", () => model.CreateAsync("key"));

        await model.FillAsync(3, messages: 2);
        var step = await model.DueAsync();
        await CountAsync(
            "write the file, 3 conversations and 1 block",
            () => model.Process.ExportFileJob.RunAsync(step, CancellationToken.None));
        await CountAsync(
            "call the webhook",
            () => model.Process.ExportWebhookJob.RunAsync(step with { Step = 1 }, CancellationToken.None));
        counts.AssertDocumented(nameof(Exporting));
    }, blockBytes: 1 << 20);

    [Fact]
    public Task Creating_an_export() => RunAsync(async model =>
    {
        // The counters; the schedule row; the export with its number; the queue message.
        Assert.Equal(4, await model.CallsAsync(() => model.CreateAsync(null)));

        // Also reads the key, and writes the schedule row of the key's hour, once for each hour.
        Assert.Equal(4 + 2, await model.CallsAsync(() => model.CreateAsync("key")));
        Assert.Equal(4 + 1, await model.CallsAsync(() => model.CreateAsync("key 2")));

        // The counters, the key, the export.
        Assert.Equal(3, await model.CallsAsync(() => model.CreateAsync("key")));
        Assert.Equal(3, model.Model.Log.Exports.Count);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public Task Writing_a_file_costs_a_call_for_each_conversation_of_the_range(int conversations) => RunAsync(async model =>
    {
        await model.FillAsync(conversations, messages: 2);
        var step = await model.DueAsync();

        // Reads the export and takes the lease; lists the conversations; reads each of them; writes a block, because
        // there are headings, and commits the blob; writes two schedule rows and the export and deletes the old
        // schedule row; sends the queue message.
        Assert.Equal(2 + 1 + conversations + 2 + 4 + 1, await model.CallsAsync(() => model.Process.ExportFileJob.RunAsync(step, CancellationToken.None)));
        Assert.Equal((ExportStatus.Completed, 2 * conversations), (model.Only.Row.Status, (int)model.Only.Row.Rows));

        // Reads the export and takes the lease; reads the secrets; calls the receiver; writes the export and deletes
        // the old schedule row.
        Assert.Equal(6, await model.CallsAsync(() => model.Process.ExportWebhookJob.RunAsync(step with { Step = 1 }, CancellationToken.None)));
        Assert.Equal(WebhookStatus.Taken, model.Only.Row.WebhookStatus);
    }, blockBytes: 1 << 20);

    [Fact]
    public Task A_webhook_to_be_retried_costs_another_row_and_message() => RunAsync(async model =>
    {
        var step = await model.DueAsync();
        await model.Process.ExportFileJob.RunAsync(step, CancellationToken.None);
        model.Model.Receiver.Script = _ => new ReceiverResponse(500);
        await Task.Delay(TimeSpan.FromSeconds(58), model.Model.Run.Time);
        Assert.Equal(6 + 2, await model.CallsAsync(() => model.Process.ExportWebhookJob.RunAsync(step with { Step = 1 }, CancellationToken.None)));
    });

    [Fact]
    public Task The_list_of_conversations_costs_a_call_for_every_thousand() => RunAsync(async model =>
    {
        // Conversations of other times, so that none of them is read.
        var rows = Enumerable.Range(1, 2_500).Select(number => new TableEntity(Appends.Tenant.PartitionKey, ConversationRowKeys.Conversation(number))
        {
            ["FirstMinute"] = Start.AddDays(300).Minute(),
            ["LastMinute"] = Start.AddDays(400).Minute(),
        });
        await model.Process.Tables.Tenants.UpsertAllAsync(rows, CancellationToken.None);
        var listed = model.Seen("Tenants");
        var step = await model.DueAsync();
        await model.Process.ExportFileJob.RunAsync(step, CancellationToken.None);

        // The service examines a thousand rows for a call, including those that the filter excludes; StrictTables
        // counts only those that match.
        Assert.InRange(model.Seen("Tenants") - listed, 1, 3);
        Assert.Equal((0, ExportStatus.Completed, 0), (model.Seen("Conversations"), model.Only.Row.Status, (int)model.Only.Row.Rows));
    });

    [Fact]
    public Task Conversations_outside_the_range_are_not_read() => RunAsync(async model =>
    {
        var minute = TimeSpan.FromMinutes(1);
        await model.FillAsync(1, messages: 2);

        // More than the hour that a conversation's row is written ahead.
        await Task.Delay(90 * minute, model.Model.Run.Time);
        await model.FillAsync(1, messages: 2);
        await Task.Delay(30 * minute, model.Model.Run.Time);
        await model.FillAsync(1, messages: 2);

        // Only the second conversation's minutes; the range ends before its second message.
        var (all, second) = (await model.MessagesAsync(), model.Conversations[1]);
        var times = all.Where(message => message.Key.Conversation == second).Select(message => message.CreatedAt).ToList();
        var before = model.Seen("Conversations");
        await model.BuildAsync(times[0], times[1]);
        Assert.Equal(1, model.Seen("Conversations") - before);
        Assert.Equal([(2, 1)], model.Written());

        // Both of its messages. The minutes of the other conversations are adjacent to the range, except for one.
        await model.BuildAsync(times[0].AddMinutes(-29), times[1].AddMilliseconds(1));
        Assert.Equal([(2, 1), (2, 2)], model.Written());

        // The first and the last minute belong to the range even if it begins or ends within them.
        await model.BuildAsync(all[1].CreatedAt, all[^2].CreatedAt.AddMilliseconds(1));
        Assert.Equal([(1, 2), (2, 1), (2, 2), (3, 1)], model.Written());
    });

    /// <summary>The costs are those of what is stored, not of the time since the beginning.</summary>
    [Fact]
    public Task Without_a_start_everything_is_read_with_a_call_for_each_conversation() => RunAsync(async model =>
    {
        await model.FillAsync(1, messages: 2);
        for (var month = 0; month < 27; month++)
        {
            await Task.Delay(TimeSpan.FromDays(30), model.Model.Run.Time);
        }

        await model.FillAsync(1, messages: 1);
        var (conversations, tenants) = (model.Seen("Conversations"), model.Seen("Tenants"));
        await model.BuildAsync(null, null);

        Assert.Equal([(1, 1), (1, 2), (2, 1)], model.Written());
        Assert.Equal(2, model.Seen("Conversations") - conversations);
        Assert.InRange(model.Seen("Tenants") - tenants, 1, 20);
    });

    [Fact]
    public Task A_conversation_of_more_than_a_thousand_messages_is_read_in_pages_and_written_in_blocks() => RunAsync(async model =>
    {
        await model.FillAsync(1, messages: 1);
        var key = model.Conversations[0];
        var first = (await model.MessagesAsync())[0];
        await model.Process.Tables.Conversations.UpsertAllAsync(
            Enumerable.Range(2, 2_499).Select(number => MessageRow.Create(first with { Key = new MessageKey(key, number), Text = $"{number} {new string('x', 400)}" })), CancellationToken.None);
        var (calls, blocks) = (model.Seen("Conversations"), model.Blocks);
        await model.BuildAsync(null, null);

        // The head and 2,500 messages, a thousand rows for a call.
        Assert.Equal(3, model.Seen("Conversations") - calls);
        Assert.Equal(Enumerable.Range(1, 2_500).Select(number => (1, number)), model.Written());
        Assert.Equal((model.Only.Row.Bytes + 65_535) / 65_536, model.Blocks - blocks);
        Assert.InRange(model.Blocks - blocks, 10, 100);
    }, blockBytes: 65_536);

    [Fact]
    public Task A_long_conversation_is_read_in_pages_for_a_workbook_too() => RunAsync(async model =>
    {
        await model.FillAsync(2, messages: 3);
        await model.BuildAsync(null, null, TableFormat.Xlsx);
        var export = model.Only;
        var content = model.Model.Blobs.Find(ExportLog.Container, ExportLog.FileName(export.Row))!;
        Assert.Equal(ExportFiles.MediaType(TableFormat.Xlsx), content.Headers.ContentType);
        Assert.Equal("attachment; filename=\"chat_messages_1.xlsx\"", content.Headers.ContentDisposition);
        var rows = Assert.Single(await WrittenTable.ReadXlsxAsync(content.Content()));
        Assert.Equal("número_da_conversa", rows[0][0]);
        Assert.Equal([(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)], rows.Skip(1).Select(row => ((int)(double)row[0]!, (int)(double)row[2]!)));
        Assert.Equal(6, export.Row.Rows);
    });

    [Fact]
    public Task Nothing_is_read_before_the_range_has_settled_and_messages_stored_until_then_are_in_the_file() => RunAsync(async model =>
    {
        await model.FillAsync(1, messages: 1);
        var first = (await model.MessagesAsync())[0];
        var now = model.Model.Run.Time.GetUtcNow();
        await model.CreateAsync(null);
        Assert.Equal(now.AddSeconds(30), model.Only.Row.DueAt);
        Assert.Equal(model.Only.Row.DueAt, model.Model.Queues.NextAt);
        var reads = model.Seen("Conversations");

        // Too early: the job only enqueues itself again.
        await Task.Delay(TimeSpan.FromSeconds(25), model.Model.Run.Time);
        Assert.Equal(2, await model.CallsAsync(() => model.Process.ExportFileJob.RunAsync(ExportStep.Of(model.Only.Row), CancellationToken.None)));
        Assert.Equal((ExportStatus.Pending, 0), (model.Only.Row.Status, model.Seen("Conversations") - reads));

        // Dated in the last millisecond of the range, and stored as late as a write can be.
        var late = first with { Key = first.Key with { Sequence = 2 }, CreatedAt = now.AddMilliseconds(-1) };
        await model.Process.Tables.Conversations.AddEntityAsync(MessageRow.Create(late));
        await model.Process.Tables.Conversations.AddEntityAsync(MessageRow.Create(late with { Key = first.Key with { Sequence = 3 }, CreatedAt = now }));
        await Task.Delay(TimeSpan.FromSeconds(5), model.Model.Run.Time);
        await model.Model.DeliverAsync(ExportOperations.Production, model.Process);
        Assert.Equal([(1, 1), (1, 2)], model.Written());
        Assert.Equal(now.AddSeconds(30), model.Only.Row.StartedAt);
    });

    [Fact]
    public async Task Exports_of_one_tenant_wait_for_a_slot_and_all_are_written() => await Interleaving.RunAsync(1, async run =>
    {
        var model = await CountedModel.NewAsync(run, 256);
        await model.FillAsync(1, messages: 1);
        for (var i = 0; i < 3; i++)
        {
            await model.CreateAsync(null);
        }

        await Task.Delay(TimeSpan.FromSeconds(31), run.Time);
        while (model.Model.Queues.Take() is not null)
        {
            // Discards the messages; the test runs their steps below.
        }

        // Scheduled by the simulation, so that the steps run concurrently.
        var process = model.Model.Start("one", 9, TimeSpan.Zero).Process;
        var steps = Enumerable.Range(1, 3).Select(number => new ExportStep(1, number, 0));
        await Task.WhenAll(steps.Select(step => process.ExportFileJob.RunAsync(step, CancellationToken.None)));
        Assert.All(model.Model.Log.Exports, export => Assert.Equal((ExportStatus.Completed, ExportFiles.SharedBlob), (export.Row.Status, export.Row.FileAttempt)));
        await model.Model.DeliverAsync(ExportOperations.Production, model.Process);
        model.Model.Log.Verify();
    });

    /// <summary>
    /// Runs in a simulation, whose clock also drives the renewals of leases; no step waits for a slot.
    /// </summary>
    private static async Task RunAsync(Func<CountedModel, Task> test, int blockBytes = 256) => await Interleaving.RunAsync(1, async run =>
    {
        var model = await CountedModel.NewAsync(run, blockBytes);
        await test(model);
        model.Model.Log.Verify();
    }, Start);

    private sealed class CountedModel
    {
        private readonly List<TableCall> calls = [];

        private CountedModel(ExportModel model, int blockBytes)
        {
            Model = model;
            Process = model.Unscheduled("counted", hooks: new TableHooks { Fault = Note }, blockBytes: blockBytes);
        }

        public ExportModel Model { get; }

        public ParleyProcess Process { get; }

        public List<ConversationKey> Conversations { get; } = [];

        public PlayedExport Only => Model.Log.Exports.Last();

        public int Blocks => calls.Count(call => call.Foreign is { Operation: "PutBlock" });

        public static async Task<CountedModel> NewAsync(Simulation run, int blockBytes)
        {
            var counted = new CountedModel(new ExportModel(run, new StrictTables(run.Time)) { Write = ScheduleTable.Schedule }, blockBytes);
            await counted.Process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
            await counted.Process.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
            await counted.Process.Administration.CreateTenantAsync("tenant", TenantProcess.Operator, CancellationToken.None);
            return counted;
        }

        /// <summary>The number of queries of a table so far.</summary>
        public int Seen(string table) => calls.Count(call => call.Kind == TableCallKind.Query && call.Table == table);

        public async Task<int> CallsAsync(Func<Task> act)
        {
            var before = calls.Count;
            await act();
            return calls.Count - before;
        }

        public async Task<Export> CreateAsync(string? key, DateTimeOffset? start = null, DateTimeOffset? end = null, TableFormat format = TableFormat.Csv) =>
            (await Process.ExportCreation.CreateAsync(
                Appends.Tenant,
                new NewExport(start, end, ExportModel.CallbackUrl, Language.PtBr, format),
                key is null ? null : IdempotencyKey.Create(key, [key]),
                CancellationToken.None)).Export;

        /// <summary>
        /// An export of all messages so far, after its delay; its minute is not the one in which it was created.
        /// </summary>
        public async Task<ExportStep> DueAsync()
        {
            var made = await CreateAsync(null);
            await Task.Delay(TimeSpan.FromSeconds(31), Model.Run.Time);
            return ExportStep.Of(made);
        }

        public async Task BuildAsync(DateTimeOffset? start, DateTimeOffset? end, TableFormat format = TableFormat.Csv)
        {
            var made = await CreateAsync(null, start, end, format);
            await Task.Delay(TimeSpan.FromSeconds(31), Model.Run.Time);
            await Process.ExportFileJob.RunAsync(ExportStep.Of(made), CancellationToken.None);
            Assert.Equal(ExportStatus.Completed, Only.Row.Status);
        }

        public async Task FillAsync(int conversations, int messages)
        {
            for (var i = 0; i < conversations; i++)
            {
                var (created, _) = await Process.Creation.CreateAsync(Appends.Tenant, new(null, "web", null, null, null, null, null), null, CancellationToken.None);
                Conversations.Add(created.Key);
                for (var message = 0; message < messages; message++)
                {
                    await Task.Delay(TimeSpan.FromSeconds(5), Model.Run.Time);
                    await Model.PostAsync(Process, created.Key, MessageRole.Customer);
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(5), Model.Run.Time);
        }

        /// <summary>The conversations and message numbers in the last export's file.</summary>
        public List<(int, int)> Written() =>
            [.. ExportFileReader.Read(Only.Row, Only.File!).Select(cells => (int.Parse(cells[0]!, System.Globalization.CultureInfo.InvariantCulture), int.Parse(cells[2]!, System.Globalization.CultureInfo.InvariantCulture)))];

        public async Task<List<Message>> MessagesAsync()
        {
            var messages = new List<Message>();
            foreach (var conversation in Conversations)
            {
                messages.AddRange(await MessageRow.ReadRangeAsync(Process.Tables, conversation, 1, 100, CancellationToken.None).ToListAsync());
            }

            return messages;
        }

        private Fault Note(TableCall call)
        {
            calls.Add(call);
            return Fault.None;
        }
    }
}
