using System.Reflection;
using Azure.Data.Tables;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Parley.Benchmarks;
using Parley.Benchmarks.Cost;
using Parley.Conversations.Messages;
using Parley.Exports;
using Parley.Functions;
using Parley.Tests.Infrastructure;
using Xunit;

namespace Parley.Tests.Operations;

public class CostTests
{
    private static readonly CostAssumptions Assumptions =
        CostAssumptions.Parse(File.ReadAllText(CostFiles.Assumptions));

    private static readonly CostCounts Counts = CostCounts.Parse(File.ReadAllText(CostFiles.Counts));

    private static readonly CostPrices Prices = CostPrices.Parse(File.ReadAllText(CostFiles.Prices));

    [Fact]
    public void The_bill_has_the_alert_rules_of_the_deployment() => Assert.Equal(
        GoldenFiles.Everything.All("Microsoft.Insights/scheduledQueryRules").Count(),
        Assumptions["alertRules"]);

    [Fact]
    public void The_tables_of_the_document_are_calculated_from_the_files()
    {
        var document = File.ReadAllText(CostFiles.Document);

        Assert.Equal(CostDocument.Update(document, Counts, Assumptions, Prices), document);
    }

    [Fact]
    public async Task The_counts_are_current()
    {
        const decimal Tolerance = 0.01m;
        var counted = await CostScenario.CountAsync();

        Assert.Equal(Counts.Activities.Select(WithoutBytes), counted.Activities.Select(WithoutBytes));
        Assert.Equal(Counts.MessagesPerConversation, counted.MessagesPerConversation);
        Assert.All(
            Counts.Activities.Zip(counted.Activities),
            pair => AssertNear(pair.First.BytesOut, pair.Second.BytesOut));
        AssertNear(Counts.TableBytesPerMessage, counted.TableBytesPerMessage);
        AssertNear(Counts.ExportBytesPerMessage, counted.ExportBytesPerMessage);

        static string WithoutBytes(CostActivity activity) => CostJson.Write(activity with { BytesOut = 0 });
        static void AssertNear(decimal expected, decimal actual) =>
            Assert.InRange(actual, expected * (1 - Tolerance), expected * (1 + Tolerance));
    }

    [Fact]
    public void The_assumptions_about_the_app_are_true_of_the_app()
    {
        var methods = typeof(ParleyApp).Assembly.GetTypes().SelectMany(type => type.GetMethods()).ToList();
        int Triggers<T>()
            where T : Attribute =>
            methods.Count(method => method.GetParameters().Any(each => each.GetCustomAttribute<T>() is not null));

        Assert.Equal(Triggers<QueueTriggerAttribute>(), (int)Assumptions["queues"]);
        var timers = Counts.Activities.Count(activity => activity.Per is CostUnit.Minute or CostUnit.FiveMinutes or CostUnit.QuarterHour);
        Assert.Equal(Triggers<TimerTriggerAttribute>(), timers);
        Assert.Equal(MessageScan.Width, (int)Assumptions["scanWidth"]);
        var keep = ExportOptions.Read(new ConfigurationBuilder().Build()).Keep;
        Assert.Equal(keep.TotalDays, (double)Assumptions["exportKeptDays"]);
    }

    [Fact]
    public void An_idle_month_costs_the_runs_of_the_timers_and_the_polls_of_the_queues()
    {
        var month = new CostCalculation(OneOfEach(), Assumed(memory: 2048), OneDollarEach()).Of(0);

        // A timer runs each minute, 43,800 times. Each run is one second, 2 GB, one table transaction, two blob writes
        // and 2,000 bytes of log.
        Assert.Equal(87_600, month["functionsExecutionTime"].Quantity);
        Assert.Equal(43_800, month["functionsExecutions"].Quantity);
        Assert.Equal(43_800, month["tableTransactions"].Quantity);
        Assert.Equal(87_600, month["blobWrites"].Quantity);
        Assert.Equal(0.0876m, month["logs"].Quantity);

        // Four queues, every ten seconds; twenty leases a minute.
        Assert.Equal(1_051_200, month["queueOperations"].Quantity);
        Assert.Equal(876_000, month["blobReads"].Quantity);
        Assert.Equal(0, month["tableStored"].Quantity);
        Assert.Equal(0, month["dataOut"].Quantity);
    }

    [Fact]
    public void Messages_add_their_requests_calls_and_bytes()
    {
        var calculation = new CostCalculation(OneOfEach(), Assumed(memory: 512), OneDollarEach());
        var (idle, month) = (calculation.Of(0), calculation.Of(10_000));
        decimal Added(string meter) => month[meter].Quantity - idle[meter].Quantity;

        // 10,000 posts and 1,000 pages; one export, whose file takes 1,000 conversations ÷ 4 × 20 ms = 5 s.
        Assert.Equal(11_001, Added("functionsExecutions"));
        Assert.Equal((11_000 + 5) * 0.5m, Added("functionsExecutionTime"));
        Assert.Equal((10_000 * 5) + (1_000 * 3) + 7, Added("tableTransactions"));
        Assert.Equal(3, Added("queueOperations"));
        Assert.Equal(2, Added("blobWrites"));
        Assert.Equal(0.01m, Added("tableStored"));
        Assert.Equal(((10_000 * 400) + (1_000 * 6_000) + (11_000 * 500)) / 1e9m, Added("dataOut"));
    }

    [Fact]
    public void An_export_has_a_block_for_every_four_mebibytes()
    {
        var calculation = new CostCalculation(OneOfEach(), Assumed(memory: 512), OneDollarEach());

        // 2 million messages of 300 bytes are two exports of 72 blocks; the count already has one of the 72.
        var (idle, month) = (calculation.Of(0), calculation.Of(2_000_000));
        Assert.Equal(2 * (2 + 71), month["blobWrites"].Quantity - idle["blobWrites"].Quantity);
    }

    [Theory]
    [InlineData(512, 7)]
    [InlineData(2048, 2)]
    [InlineData(4096, 1)]
    public void Requests_cost_no_more_than_instances_that_are_never_at_rest(int memory, int instances)
    {
        var calculation = new CostCalculation(OneOfEach(), Assumed(memory), OneDollarEach());
        decimal Time(long messages) => calculation.Of(messages)["functionsExecutionTime"].Quantity;
        var requests = Time(100_000_000) - Time(0);

        // 110 million requests of 100 ms in 1,314,000 s are 8.4 at once, 25.1 at the peak; and 100 exports of 500 s.
        Assert.Equal(((instances * 1_314_000m) + (100 * 500)) * memory / 1024, requests);
    }

    [Fact]
    public void A_free_grant_deducts_at_most_the_used_quantity()
    {
        var price = new CostPrice("meter", "Meter", 2, 10, "units", 100, "East US", "2026", "Page", Check: false);

        Assert.Equal((10m, 10m), (new CostLine(price, 50).Usd, new CostLine(price, 50).Free));
        Assert.Equal((60m, 20m), (new CostLine(price, 300).Usd, new CostLine(price, 300).Free));
    }

    [Fact]
    public void A_row_has_the_bytes_that_are_billed()
    {
        var row = new TableEntity("pk", "row")
        {
            ["Text"] = "four",
            ["Number"] = 1,
            ["Long"] = 1L,
            ["Yes"] = true,
            ["Bin"] = new byte[3],
        };

        // 4 + 2 × 5 for the keys; 8, the name's characters twice, and the value for each property.
        Assert.Equal(14 + (8 + 8 + 12) + (8 + 12 + 4) + (8 + 8 + 8) + (8 + 6 + 1) + (8 + 6 + 7), TableBytes.Of(row));
    }

    [Fact]
    public void A_missing_entry_of_the_files_is_named()
    {
        var prices = Prices with { Prices = [.. Prices.Prices.Where(price => price.Meter != "logs")] };

        AssertNames("'logs'", () => new CostCalculation(Counts, Assumptions, prices).Of(1));
        AssertNames("'nothing'", () => Assumptions["nothing"]);
        AssertNames("'bill'", () => CostDocument.Update("", Counts, Assumptions, Prices));

        static void AssertNames(string name, Func<object?> work) =>
            Assert.Contains(name, Assert.Throws<BenchmarkException>(work).Message, StringComparison.Ordinal);
    }

    private static CostCounts OneOfEach() => new(10, 1_000, 300,
    [
        Activity("tick", CostUnit.Minute, calls: 1, runs: 1),
        Activity("post", CostUnit.Message, calls: 5, requests: 1, bytes: 400),
        Activity("list", CostUnit.Conversation, calls: 3, requests: 1, bytes: 6_000),
        Activity("export", CostUnit.Export, calls: 7, runs: 1) with { BlobWrites = 2, QueueMessages = 1 },
    ]);

    private static CostActivity Activity(
        string name, CostUnit per, int calls, int requests = 0, int runs = 0, long bytes = 0) =>
        new(name, per, 1, requests, runs, new() { ["query"] = calls }, 0, 0, 0, bytes);

    /// <summary>Fixed, so that a change of the document's assumptions does not change the arithmetic here.</summary>
    private static CostAssumptions Assumed(int memory) => new([.. new Dictionary<string, decimal>
    {
        ["instanceMemoryMB"] = memory,
        ["hoursPerMonth"] = 730,
        ["busyHoursPerMonth"] = 365,
        ["peakFactor"] = 3,
        ["alertRules"] = 11,
        ["requestMilliseconds"] = 100,
        ["storageMilliseconds"] = 20,
        ["scanWidth"] = 4,
        ["minimumSeconds"] = 1,
        ["messagesPerExport"] = 1_000_000,
        ["exportKeptDays"] = 7,
        ["exportBlockBytes"] = 4 * 1024 * 1024,
        ["headerBytes"] = 500,
        ["logBytesPerExecution"] = 2_000,
        ["meterBytesPerMinute"] = 0,
        ["queues"] = 4,
        ["queuePollSeconds"] = 10,
        ["queueOperationsPerMessage"] = 3,
        ["hostBlobWritesPerTick"] = 2,
        ["hostLeasesPerMinute"] = 20,
    }.Select(pair => new CostAssumption(pair.Key, pair.Value, "", ""))]);

    private static CostPrices OneDollarEach() =>
        Prices with { Prices = [.. Prices.Prices.Select(price => price with { Usd = 1, Per = 1, FreePerMonth = 0 })] };
}
