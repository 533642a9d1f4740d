namespace Parley.Benchmarks.Cost;

/// <summary>One component of a month's bill.</summary>
/// <param name="Price">The price of a unit.</param>
/// <param name="Quantity">The units used.</param>
internal sealed record CostLine(CostPrice Price, decimal Quantity)
{
    /// <summary>The cost without the free amount.</summary>
    public decimal Usd => Price.Of(Quantity);

    /// <summary>The discount of the free amount.</summary>
    public decimal Free => Price.FreeOf(Quantity);
}

/// <summary>A month's bill.</summary>
internal sealed record CostMonth(long Messages, IReadOnlyList<CostLine> Lines)
{
    public decimal Total => Lines.Sum(line => line.Usd - line.Free);

    public CostLine this[string meter] => Lines.Single(line => line.Price.Meter == meter);
}

/// <summary>
/// Calculates bills from counts, assumptions and prices. It counts nothing itself, so the same files always give the
/// same bill.
/// </summary>
internal sealed class CostCalculation(CostCounts counts, CostAssumptions assumptions, CostPrices prices)
{
    private const decimal Giga = 1_000_000_000;
    private const decimal MegabytesPerGigabyte = 1024;
    private const decimal DaysPerMonth = 365m / 12;

    /// <summary>
    /// Calculates a month with this number of messages, each posted, listed and exported once; 0 for an idle month.
    /// </summary>
    public CostMonth Of(long messages)
    {
        var amounts = counts.Activities
            .Select(activity => (Activity: activity, Share: UnitsOf(activity.Per, messages) / activity.Times))
            .ToList();
        decimal Sum(Func<CostActivity, decimal> of) => amounts.Sum(amount => of(amount.Activity) * amount.Share);

        var (requests, runs) = (Sum(activity => activity.Requests), Sum(activity => activity.Runs));
        var exportBytes = messages * counts.ExportBytesPerMessage;
        var memory = assumptions["instanceMemoryMB"] / MegabytesPerGigabyte;
        var extraBlocks = ExtraBlocks(messages, exportBytes);
        var minutes = assumptions["hoursPerMonth"] * 60;
        var ticks = Sum(activity => activity.Per is CostUnit.Minute or CostUnit.FiveMinutes or CostUnit.QuarterHour ? activity.Runs : 0);
        var queueCalls = Sum(activity => activity.QueueMessages) * assumptions["queueOperationsPerMessage"];
        var statusWrites = ticks * assumptions["hostBlobWritesPerTick"];
        var leases = minutes * assumptions["hostLeasesPerMinute"];
        var polls = assumptions["queues"] * minutes * 60 / assumptions["queuePollSeconds"];
        return new CostMonth(messages,
        [
            Line("functionsExecutionTime", InstanceSeconds(messages, requests, runs) * memory),
            Line("functionsExecutions", requests + runs),
            Line("tableTransactions", Sum(activity => activity.TableTransactions)),
            Line("tableStored", messages * counts.TableBytesPerMessage / Giga),
            Line("queueOperations", queueCalls + polls + Sum(activity => activity.QueueReads)),
            Line("blobWrites", Sum(activity => activity.BlobWrites) + extraBlocks + statusWrites),
            Line("blobReads", Sum(activity => activity.BlobReads) + extraBlocks + leases),
            Line("blobStored", exportBytes / Giga * assumptions["exportKeptDays"] / DaysPerMonth),
            Line("dataOut", (Sum(activity => activity.BytesOut) + (requests * assumptions["headerBytes"])) / Giga),
            Line(
                "logs",
                (((requests + runs) * assumptions["logBytesPerExecution"])
                    + (minutes * assumptions["meterBytesPerMinute"])) / Giga),
            Line("alertRules", assumptions["alertRules"]),
        ]);
    }

    /// <summary>The same calculation for another memory size of the instances.</summary>
    public CostCalculation WithMemory(int megabytes) =>
        new(counts, assumptions.With("instanceMemoryMB", megabytes), prices);

    private CostLine Line(string meter, decimal quantity) => new(prices[meter], quantity);

    private decimal UnitsOf(CostUnit unit, long messages) => unit switch
    {
        CostUnit.Message => messages,
        CostUnit.Conversation => (decimal)messages / counts.MessagesPerConversation,
        CostUnit.Export => Exports(messages),
        CostUnit.Minute => assumptions["hoursPerMonth"] * 60,
        CostUnit.FiveMinutes => assumptions["hoursPerMonth"] * 12,
        CostUnit.QuarterHour => assumptions["hoursPerMonth"] * 4,
        _ => throw new BenchmarkException($"There is no unit {unit}."),
    };

    private decimal Exports(long messages) => Math.Ceiling(messages / assumptions["messagesPerExport"]);

    /// <summary>The blocks of export files beyond each file's first block, which the scenario counts.</summary>
    private decimal ExtraBlocks(long messages, decimal exportBytes)
    {
        var exports = Exports(messages);
        return exports == 0
            ? 0
            : exports * Math.Max(0, Math.Ceiling(exportBytes / exports / assumptions["exportBlockBytes"]) - 1);
    }

    /// <summary>
    /// The billed seconds of all instances. Requests share instances: a single request is billed the minimum, and any
    /// number of requests costs at most as much as instances that are always active. Timers and queue functions scale
    /// separately, so each of their runs is billed separately.
    /// </summary>
    private decimal InstanceSeconds(long messages, decimal requests, decimal runs)
    {
        var (minimum, busy) = (assumptions["minimumSeconds"], assumptions["busyHoursPerMonth"] * 3600);
        var seconds = assumptions["requestMilliseconds"] / 1000;
        var atOnce = requests * seconds / busy * assumptions["peakFactor"];
        var instances = Math.Ceiling(atOnce / RequestsPerInstance());
        var forRequests = Math.Min(requests * Math.Max(minimum, seconds), instances * busy);

        // The runs that write files take longer than the minimum when they read many conversations.
        var exports = Exports(messages);
        var trip = assumptions["storageMilliseconds"] / 1000;
        var conversations = UnitsOf(CostUnit.Conversation, messages);
        var perExport = exports == 0 ? 0 : conversations / exports / assumptions["scanWidth"] * trip;
        return forRequests + (runs * minimum) + (exports * Math.Max(0, perExport - minimum));
    }

    /// <summary>The platform's default ("Concurrency in Azure Functions", HTTP trigger concurrency).</summary>
    private decimal RequestsPerInstance() => assumptions["instanceMemoryMB"] switch
    {
        512 => 4,
        2048 => 16,
        4096 => 32,
        var other => throw new BenchmarkException($"Instances of {other} MB are not offered: 512, 2048 or 4096."),
    };
}
