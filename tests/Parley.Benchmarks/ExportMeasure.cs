using System.Diagnostics;
using System.Globalization;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Compares exports from storage into a blob with the same queries through the storage SDK alone, and the storage calls
/// of an export of one day with those of half a year.
/// </summary>
internal static class ExportMeasure
{
    private const int HalfYear = 180;
    private const double MaxRatio = 1.15;
    private const double MaxShare = 0.05;
    private static readonly string[] Formats = ["csv", "jsonl", "xlsx"];

    /// <summary>
    /// Returns false when the export of a day needs too many calls. Times are only printed, because machines differ.
    /// </summary>
    public static async Task<bool> RunAsync(BenchOptions options)
    {
        await TimeAsync(options.Storage, (options.Rounds + 1) / 3);
        return await CountDayAsync();
    }

    /// <summary>
    /// Uses few long conversations: with <c>--storage azurite</c>, which scans all rows of a table for every query, many
    /// conversations would measure that.
    /// </summary>
    private static async Task TimeAsync(StorageKind kind, int rounds)
    {
        const int Conversations = 250, MessagesEach = 800, Messages = Conversations * MessagesEach;
        Console.WriteLine($"exports: {Messages} messages of {Conversations} conversations from storage into a blob, {rounds} rounds; storage: {kind}");
        await using var measured = await MeasuredSystem.StartAsync(kind, counts: false);
        var (until, from) = (measured.Now, measured.Now.AddDays(-HalfYear));
        await measured.FillAsync(10, Conversations, from, until.AddHours(-1), MessagesEach);
        await measured.BeginAsync();
        _ = await measured.ScanAsync(from, until);
        _ = await measured.ExportAsync("csv", from, until);
        var table = new TextTable("", "Parley s", "raw scan s", "ratio", "target", "", "MB", "processor s: Parley", "raw", "storage: Parley", "raw");
        foreach (var format in Formats)
        {
            var (parley, raw, ratios) = (new List<double>(), new List<double>(), new List<double>());
            var (cpu, rawCpu, storage, rawStorage) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
            var bytes = 0L;
            for (var round = 0; round < rounds; round++)
            {
                var begun = measured.Used();
                var watch = Stopwatch.StartNew();
                Require(Messages, await measured.ScanAsync(from, until));
                raw.Add(watch.Elapsed.TotalSeconds);
                var scanned = measured.Used();
                var (export, elapsed) = await measured.ExportAsync(format, from, until);
                var exported = measured.Used();
                Require(Messages, export.Rows);
                parley.Add(elapsed.TotalSeconds);
                rawCpu.Add((scanned.Own - begun.Own).TotalSeconds);
                rawStorage.Add((scanned.Storage - begun.Storage).TotalSeconds);
                cpu.Add((exported.Own - scanned.Own).TotalSeconds);
                storage.Add((exported.Storage - scanned.Storage).TotalSeconds);
                ratios.Add(parley[^1] / raw[^1]);
                bytes = export.Bytes;
            }

            var ratio = Spread.Of(ratios);
            table.Add(format, Show(Spread.Of(parley)), Show(Spread.Of(raw)), Show(ratio), $"≤ {Show(MaxRatio)}", ratio.Median <= MaxRatio ? "met" : "missed", Show(bytes / 1e6), Show(Spread.Of(cpu)), Show(Spread.Of(rawCpu)), Show(Spread.Of(storage)), Show(Spread.Of(rawStorage)));
        }

        table.Print();
    }

    private static async Task<bool> CountDayAsync()
    {
        const int Conversations = 1_000, MessagesEach = 10;
        Console.WriteLine($"  a year of {2 * Conversations} conversations of {MessagesEach} messages: one day and the latter half of it");
        await using var measured = await MeasuredSystem.StartAsync(StorageKind.Fast, counts: true);
        var (until, from, begin) = (measured.Now, measured.Now.AddDays(-HalfYear), measured.Now.AddDays(-2 * HalfYear));
        await measured.FillAsync(10, Conversations, from, until.AddHours(-1), MessagesEach);
        await measured.FillAsync(10 + Conversations, Conversations, begin, from.AddHours(-1), MessagesEach);
        var all = await measured.CountAsync(from, until);
        var day = await measured.CountAsync(until.AddDays(-90), until.AddDays(-89));
        var share = (double)day.Calls / all.Calls;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  one day: {day.Rows} messages, {day.Calls} calls ({day.Scans} for messages); half a year: {all.Rows} messages, {all.Calls} calls ({all.Scans} for messages); share {share:P1}, target ≤ {MaxShare:P0}: {(share <= MaxShare ? "met" : "EXCEEDED")}"));
        return share <= MaxShare;
    }

    private static void Require(long messages, long read)
    {
        if (read != messages)
        {
            throw new BenchmarkException($"{read} messages were read, not {messages}.");
        }
    }

    private static string Show(Spread spread) => $"{Show(spread.Median)} ({Show(spread.Min)} to {Show(spread.Max)})";

    private static string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>A tenant in its own storage, and the calls to that storage.</summary>
    private sealed class MeasuredSystem : IAsyncDisposable
    {
        private readonly StorageCalls calls;
        private readonly BlobCalls blobCalls;
        private readonly KeptMessages<ExportStep> queues;
        private readonly StartedSystem system;
        private readonly TenantClient client;
        private readonly ExportSeed seed;

        private MeasuredSystem(StorageCalls calls, BlobCalls blobCalls, KeptMessages<ExportStep> queues, StartedSystem system, TenantClient client, ExportSeed seed, DateTimeOffset now) =>
            (this.calls, this.blobCalls, this.queues, this.system, this.client, this.seed, Now) = (calls, blobCalls, queues, system, client, seed, now);

        /// <summary>The time before the copied message was written.</summary>
        public DateTimeOffset Now { get; }

        public Task BeginAsync() => system.Storage.BeginAsync();

        /// <summary>The processor time that this process and the storage's have used.</summary>
        public (TimeSpan Own, TimeSpan Storage) Used() => (Environment.CpuUsage.TotalTime, system.Storage.Cpu);

        /// <param name="kind">The storage.</param>
        /// <param name="counts">Counts the calls; that reads every response once more, so no time is measured then.</param>
        public static async Task<MeasuredSystem> StartAsync(StorageKind kind, bool counts)
        {
            var (calls, blobCalls, queues, now) = (new StorageCalls(), new BlobCalls(), new KeptMessages<ExportStep>(), TimeProvider.System.GetUtcNow());
            var started = await StartedSystem.StartAsync((services, connectionString) =>
            {
                services.AddSingleton<IWorkQueue<ExportStep>>(queues);
                if (!counts)
                {
                    return;
                }

                var (tables, blobs) = (StorageClients.TableOptions(), StorageClients.BlobOptions());
                tables.AddPolicy(calls, HttpPipelinePosition.PerRetry);
                blobs.AddPolicy(blobCalls, HttpPipelinePosition.PerRetry);
                services.AddSingleton(new TableServiceClient(connectionString, tables));
                services.AddSingleton(new BlobServiceClient(connectionString, blobs));
            }, kind: kind);
            var tenant = await started.NewTenantAsync();
            return new MeasuredSystem(calls, blobCalls, queues, started, tenant, await ExportSeed.MakeAsync(tenant, started.RawTables), now);
        }

        public Task FillAsync(int first, int count, DateTimeOffset from, DateTimeOffset until, int messagesEach) =>
            seed.FillAsync(client.Tenant, first, [.. Enumerable.Range(0, count).Select(i => from + ((until - from) * ((double)i / count)))], messagesEach);

        public Task<(Export Export, TimeSpan Elapsed)> ExportAsync(string format, DateTimeOffset from, DateTimeOffset until) =>
            ExportRun.RunAsync(system, queues, client, format, from, until, begin: () =>
            {
                calls.TakeAll();
                blobCalls.Take();
            });

        /// <summary>Counts an export's calls, without the last read, which only this measure needs.</summary>
        public async Task<(long Rows, int Calls, int Scans)> CountAsync(DateTimeOffset from, DateTimeOffset until)
        {
            var (export, _) = await ExportAsync("csv", from, until);
            var made = calls.TakeAll();
            return (export.Rows, made.Count - 1 + blobCalls.Take(), made.Count(call => call.Table == "Conversations"));
        }

        /// <summary>
        /// The calls that reading needs: the tenant's conversations of the range, then each one's messages, with
        /// Parley's own concurrency.
        /// </summary>
        public async Task<int> ScanAsync(DateTimeOffset from, DateTimeOffset until)
        {
            var tables = system.RawTables;
            var list = Filters.And(
                Filters.Range(client.Tenant.PartitionKey, ConversationRowKeys.Conversation(1), ConversationRowKeys.Conversation(int.MaxValue)),
                ConversationIndexRow.Touched(from.Minute(), until.Minute()));
            var rows = 0;
            await Parallel.ForEachAsync(
                tables.Tenants.QueryAsync<TableEntity>(list, Filters.MaxPerCall, ["RowKey"]),
                new ParallelOptions { MaxDegreeOfParallelism = MessageScan.Width },
                async (listed, cancellation) =>
                {
                    var conversation = new ConversationKey(client.Tenant, KeyParts.LastNumber(listed.RowKey));
                    var filter = Filters.And(
                        Filters.Range(conversation.PartitionKey, ConversationRowKeys.Head, MessageRowKeys.Message(MessageKey.MaxSequence)),
                        TableClient.CreateQueryFilter($"RowKey eq {ConversationRowKeys.Head} or (CreatedAt ge {from} and CreatedAt lt {until})"));
                    await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(filter, Filters.MaxPerCall, cancellationToken: cancellation))
                    {
                        Interlocked.Add(ref rows, row.RowKey == ConversationRowKeys.Head ? 0 : 1);
                    }
                });
            return rows;
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            await system.DisposeAsync();
        }
    }
}
