using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Spreadsheets;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>Exports of a chatbot's records: the rows, resumed attempts, and what version 0.2.0 makes of them.</summary>
public sealed class RecordExportTests
{
    private const int Records = 23;

    [Theory]
    [InlineData(TableFormat.Csv)]
    [InlineData(TableFormat.Jsonl)]
    [InlineData(TableFormat.Xlsx)]
    public async Task Each_record_has_a_row_newest_first(TableFormat format)
    {
        var ground = await Ground.BuildAsync();
        var export = await ground.CompleteAsync(await ground.CreateAsync(format));
        Assert.Equal((ExportStatus.Completed, Records, (int?)1), (export.Status, (int)export.Rows, export.Chatbot));
        Assert.Equal(ground.Expected(), await IdsAsync(export, ground.Content(export)));
        Assert.Equal($"attachment; filename=\"chatbot_records_1.{format.ToString().ToLowerInvariant()}\"", ground.Blob(export).Headers.ContentDisposition);
    }

    [Fact]
    public async Task The_range_is_half_open()
    {
        var ground = await Ground.BuildAsync();
        var (newest, oldest) = (ground.Completions[^3].CreatedAt, ground.Completions[4].CreatedAt);
        var export = await ground.CompleteAsync(await ground.CreateAsync(TableFormat.Jsonl, oldest, newest));
        Assert.Equal(ground.Expected()[3..^4], await IdsAsync(export, ground.Content(export)));
    }

    [Theory]
    [InlineData(TableFormat.Csv)]
    [InlineData(TableFormat.Jsonl)]
    public async Task An_attempt_goes_on_where_an_earlier_one_was_cut_off(TableFormat format)
    {
        var ground = await Ground.BuildAsync();
        var undisturbed = await ground.CompleteAsync(await ground.CreateAsync(format));
        var cut = await ground.CreateAsync(format);
        ground.Time.Advance(TimeSpan.FromMinutes(1));
        foreach (var rows in new[] { 1, TableReads.Width + 1 })
        {
            await using var attempt = await WrittenAttempt.BeginAsync(ground.Process, cut.Key);
            Assert.Equal(rows > 1, attempt.Start is not null);
            Assert.True(await attempt.CheckpointAsync(rows));
            ground.Time.Advance(ExportLease.Length + TimeSpan.FromSeconds(1));
        }

        var export = await ground.CompleteAsync(cut);
        Assert.Equal((undisturbed.Sha256, undisturbed.Rows, undisturbed.Bytes), (export.Sha256, export.Rows, export.Bytes));
        Assert.Equal(export.Sha256, Convert.ToHexStringLower(SHA256.HashData(ground.Content(export))));
    }

    /// <summary>
    /// Version 0.2.0 begins no step, and enqueues none, of an export whose row has a LeaseUntil in the future.
    /// </summary>
    [Fact]
    public async Task An_earlier_version_takes_every_step_for_one_that_another_worker_runs()
    {
        var ground = await Ground.BuildAsync();
        var export = await ground.CreateAsync(TableFormat.Csv);
        await VerifyAsync(isHeld: true);
        ground.Time.Advance(TimeSpan.FromDays(2));
        export = await ground.CompleteAsync(export);
        Assert.Equal(WebhookStatus.Pending, export.WebhookStatus);
        await VerifyAsync(isHeld: true);
        var delivering = await ground.Process.ExportLeaseStore.TryTakeAsync(export, CancellationToken.None);
        await delivering!.DisposeAsync();
        Assert.Equal(delivering.Export.LeaseUntil, (await ground.Process.Exports.FindAsync(export.Key, CancellationToken.None))!.LeaseUntil);
        await VerifyAsync(isHeld: true);

        await ground.Process.ExportRemoval.RemoveAsync(Appends.Tenant, $"{export.Id}", CancellationToken.None);
        await VerifyAsync(isHeld: false);

        async Task VerifyAsync(bool isHeld)
        {
            var row = (await ground.Process.Tables.Tenants.GetEntityAsync<TableEntity>(export.Key.Tenant.PartitionKey, ExportRowKeys.Export(export.Key.Number))).Value;
            Assert.Equal(isHeld, row.GetDateTimeOffset("LeaseUntil") > ground.Time.GetUtcNow().AddYears(1000));
        }
    }

    /// <summary>It keeps no property that it does not know; of those that it keeps, no lease is left that never ends.</summary>
    [Fact]
    public async Task A_row_that_an_earlier_version_has_written_is_held_by_no_one()
    {
        var ground = await Ground.BuildAsync();
        var export = await ground.CreateAsync(TableFormat.Csv);
        var row = (await ground.Process.Tables.Tenants.GetEntityAsync<TableEntity>(export.Key.Tenant.PartitionKey, ExportRowKeys.Export(export.Key.Number))).Value;
        Assert.True(row.Remove("Chatbot"));
        Assert.Null(ExportRow.Read(row, export.Key.Tenant).LeaseUntil);
    }

    [Fact]
    public async Task The_keys_of_a_range_are_counted_up_to_the_limit()
    {
        var ground = await Ground.BuildAsync();
        var chatbot = ground.Chatbot;
        Assert.True(await ground.Process.Records.HasMoreThanAsync(chatbot, default, Records - 1, CancellationToken.None));
        Assert.False(await ground.Process.Records.HasMoreThanAsync(chatbot, default, Records, CancellationToken.None));

        await ground.Process.Tables.Tenants.UpsertAllAsync(
            Enumerable.Range(1, 12_000).Select(number => new TableEntity(ChatbotRowKeys.ChatbotPartition(chatbot.Key), RecordRowKeys.Record(number, 9, number))), CancellationToken.None);
        var calls = 0;
        var counting = new ParleyProcess(ground.Tables.Connect("counting", new TableHooks { After = (_, _) => calls++ }), ground.Time, 4);
        Assert.True(await counting.Records.HasMoreThanAsync(chatbot, default, 10_000, CancellationToken.None));
        Assert.InRange(calls, 10, 11);
    }

    private static async Task<List<string>> IdsAsync(Export export, byte[] file)
    {
        switch (export.Format)
        {
            case TableFormat.Csv:
                return [.. StrictCsv.Read(file).Skip(1).Select(cells => cells[0])];
            case TableFormat.Jsonl:
                return [.. Encoding.UTF8.GetString(file).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!)];
            default:
                return [.. Assert.Single(await WrittenTable.ReadXlsxAsync(file)).Skip(1).Select(cells => (string)cells[0]!)];
        }
    }

    private sealed class Ground
    {
        private readonly StrictBlobs blobs;

        private Ground(VirtualTime time)
        {
            (Time, Tables, blobs) = (time, new StrictTables(time), new StrictBlobs(time));
            var settings = new ConfigurationBuilder().AddInMemoryCollection([new("Providers:main:Type", "scripted")]).Build();
            var (connection, nowhere) = (Tables.Connect("process"), new NoQueues());
            Process = new ParleyProcess(
                connection, time, 9, exports: new ExportSurroundings(blobs.ServiceClient(connection), nowhere, nowhere), assistants: new AssistantSurroundings(settings, nowhere));
        }

        public VirtualTime Time { get; }

        public StrictTables Tables { get; }

        public ParleyProcess Process { get; }

        public Chatbot Chatbot { get; private set; } = null!;

        /// <summary>Oldest first.</summary>
        public List<Completion> Completions { get; } = [];

        public static async Task<Ground> BuildAsync()
        {
            var ground = new Ground(new VirtualTime());
            var conversation = await Appends.NewConversationAsync(ground.Tables, ground.Time);
            await ground.Process.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
            ground.Chatbot = await ground.Process.ChatbotWriter.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None);
            for (var i = 0; i < Records; i++)
            {
                ground.Time.Advance(TimeSpan.FromMilliseconds(1));
                var started = await ground.Process.CompletionCommands.StartAsync(
                    new EntityRef<ChatbotKey>(ground.Chatbot.Key, null),
                    new EntityRef<ConversationKey>(conversation, null),
                    new NewMessage(MessageRole.Customer, $"question {i}", null, null, null),
                    null,
                    CancellationToken.None);
                ground.Completions.Add(await ground.Process.CompletionWriter.EndAsync(started.Completion.WithText($"answer {i}"), null, null, isProducer: true));
            }

            ground.Time.Advance(TimeSpan.FromMinutes(1));
            return ground;
        }

        public List<string> Expected() => [.. Completions.Select(completion => $"{completion.Id}").Reverse()];

        public async Task<Export> CreateAsync(TableFormat format, DateTimeOffset? start = null, DateTimeOffset? end = null) => (await Process.ExportCreation.CreateAsync(
            Appends.Tenant,
            new NewExport(start, end, ExportModel.CallbackUrl, Language.PtBr, format, Chatbot.Key.Number),
            null,
            CancellationToken.None)).Export;

        public async Task<Export> CompleteAsync(Export export)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            await Process.ExportFileJob.RunAsync(ExportStep.Of(export), CancellationToken.None);
            var completed = (await Process.Exports.FindAsync(export.Key, CancellationToken.None))!;
            Assert.Equal(ExportStatus.Completed, completed.Status);
            return completed;
        }

        public StoredBlob Blob(Export export) => blobs.Find(ExportLog.Container, ExportLog.FileName(export))!;

        public byte[] Content(Export export) => Blob(export).Content();
    }
}
