using System.Globalization;
using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Measures the storage server itself: the latency that the SDK sees at low load, beside the set one, and the number of
/// calls that it serves without latency while it shares the cores with the SDK.
/// </summary>
internal static class StorageMeasure
{
    private const int Partitions = 1_000;
    private const int RowsEach = 1_000;
    private const int AtOnce = 16;
    private const int PageRows = 50;
    private static readonly TimeSpan LowLoad = TimeSpan.FromSeconds(20);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"storage: the storage server with {Partitions * RowsEach} rows in {Partitions} partitions");
        await using var storage = await BenchStorage.StartAsync(StorageKind.Cloud);
        var table = new TableServiceClient(storage.ConnectionString, StorageClients.TableOptions()).GetTableClient("Rows");
        await table.CreateAsync();
        using (var fill = new RowFill(storage, "Rows"))
        {
            await fill.AddAsync(Enumerable.Range(0, Partitions * RowsEach).Select(i => RowOf(i / RowsEach, i % RowsEach, "A message of some hundred characters, as customers and agents write them to each other.")));
        }

        await storage.BeginAsync();
        (string Name, Func<Random, Task> Call)[] calls =
        [
            ("read a row", random => table.GetEntityIfExistsAsync<TableEntity>(Key(random.Next(Partitions)), Key(random.Next(RowsEach)))),
            ("replace a row", random => table.UpsertEntityAsync(RowOf(random.Next(Partitions), random.Next(RowsEach), "Another text."), TableUpdateMode.Replace)),
            ($"read {PageRows} rows", random => ReadPageAsync(table, random)),
        ];
        var seen = new TextTable("4 at once, latency as set", "p50 ms (set 10)", "p99 ms (set 40)", "calls/s", "processor: SDK", "server");
        foreach (var (name, call) in calls)
        {
            Add(seen, name, await RunAsync(4, LowLoad / calls.Length, call), withLatency: true);
        }

        seen.Print();
        await storage.SetAsync((0, 0), isLimited: true);
        var alone = new TextTable($"{AtOnce} at once, no latency", "p50 ms", "p99 ms", "calls/s", "processor: SDK", "server");
        foreach (var (name, call) in calls)
        {
            Add(alone, name, await RunAsync(AtOnce, options.RoundLength * 2, call), withLatency: false);
        }

        alone.Print();
        Console.WriteLine($"  refused as beyond a limit: {await storage.RefusedAsync()}");
        return true;

        Task<LoadResult> RunAsync(int atOnce, TimeSpan time, Func<Random, Task> call) => Load.RunAsync(
            atOnce,
            time,
            int.MaxValue,
            worker =>
            {
                var random = new Random(worker);
                return () => call(random);
            },
            storage);
    }

    private static void Add(TextTable table, string name, LoadResult result, bool withLatency)
    {
        var format = withLatency ? "0.0" : "0.00";
        table.Add(
            name,
            result.P50.ToString(format, CultureInfo.InvariantCulture),
            result.P99.ToString(format, CultureInfo.InvariantCulture),
            result.Rate.ToString("0", CultureInfo.InvariantCulture),
            Text(result.CpuMilliseconds, result.CpuShare),
            Text(result.StorageMilliseconds, result.StorageShare));

        static string Text(double milliseconds, double share) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.000} ms/call, {share:P0} of all cores");
    }

    private static async Task ReadPageAsync(TableClient table, Random random)
    {
        var first = random.Next(RowsEach - PageRows);
        var filter = Filters.Range(Key(random.Next(Partitions)), Key(first), Key(first + PageRows - 1));
        var rows = await table.QueryAsync<TableEntity>(filter, PageRows).ToListAsync();
        if (rows.Count != PageRows)
        {
            throw new BenchmarkException($"{rows.Count} rows were read.");
        }
    }

    private static TableEntity RowOf(int partition, int row, string text) => new(Key(partition), Key(row))
    {
        ["Rev"] = 1,
        ["Role"] = 2,
        ["Type"] = "text",
        ["CreatedAt"] = DateTimeOffset.UnixEpoch.AddSeconds(row),
        ["Text"] = text,
    };

    private static string Key(int number) => number.ToString("D6", CultureInfo.InvariantCulture);
}
