using System.Diagnostics;
using System.Globalization;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;

namespace Parley.Benchmarks;

/// <summary>
/// Writes a million generated messages as the table of an export to a discarding stream, and checks that memory does
/// not grow with the rows.
/// </summary>
internal static class SpreadsheetMeasure
{
    private const int FewRows = 100_000;
    private const int ManyRows = 1_000_000;
    private const int Samples = 2_000;
    private const double MaxMegabytes = 100;
    private const double MaxGrowthMegabytes = 5;

    private static readonly (TableFormat Format, double MaxSeconds)[] Targets = [(TableFormat.Csv, 1.0), (TableFormat.Jsonl, 3.0), (TableFormat.Xlsx, 3.5)];

    private static readonly TenantId Tenant = new(1);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Returns false when memory grows with the rows or exceeds its limit. Times are only printed, because machines
    /// differ.
    /// </summary>
    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"spreadsheets: {ManyRows} messages to nowhere, {options.Rounds} rounds");
        var random = new Random(1);

        // Created before the measurement, which covers the writer's memory, not the messages'.
        var messages = Enumerable.Range(0, Samples).Select(row => MessageOf(row, SampleText.Next(random))).ToArray();

        // The process's peak never falls, so the runs with few rows come before the runs with many. The peak before the
        // first run is mostly the runtime.
        var before = PeakMegabytes();
        foreach (var (format, _) in Targets)
        {
            await WriteAsync(format, FewRows, messages);
        }

        var few = PeakMegabytes();
        var table = new TextTable("", "s", "target", "", "MB written", "peak MB then");
        foreach (var (format, maxSeconds) in Targets)
        {
            var seconds = new List<double>();
            long bytes = 0;
            for (var round = 0; round < options.Rounds; round++)
            {
                var watch = Stopwatch.StartNew();
                bytes = await WriteAsync(format, ManyRows, messages);
                seconds.Add(watch.Elapsed.TotalSeconds);
            }

            var spread = Spread.Of(seconds);
            table.Add(format.ToString(), Show(spread), $"≤ {Show(maxSeconds)}", spread.Median <= maxSeconds ? "met" : "missed",
                Show(bytes / 1e6), Show(PeakMegabytes()));
        }

        table.Print();
        var many = PeakMegabytes();
        var flat = many <= MaxMegabytes && many - few <= MaxGrowthMegabytes;
        Console.WriteLine($"  peak memory of the process: {Show(before)} MB before, {Show(few)} MB with {FewRows} rows, {Show(many)} MB with {ManyRows} rows; "
            + $"target ≤ {Show(MaxMegabytes)}, growing by ≤ {Show(MaxGrowthMegabytes)}: {(flat ? "met" : "missed")}");
        return flat;
    }

    private static async Task<long> WriteAsync(TableFormat format, int rows, Message[] messages)
    {
        var layout = new ExportTable(format, Language.EnUs);
        await using var table = TableWriter.Create(format, layout.Columns, Stream.Null);
        for (var row = 0; row < rows; row++)
        {
            layout.Write(table, "Order and delivery", messages[row % messages.Length]);
            await table.EndRowAsync(default);
        }

        await table.CompleteAsync(default);
        return table.Bytes;
    }

    private static Message MessageOf(int row, string text)
    {
        var fromCustomer = row % 2 == 0;
        var at = Start.AddMilliseconds(row * 1_234L);
        return new Message
        {
            Key = new MessageKey(new ConversationKey(Tenant, 1 + (row / 50)), (row % 50) + 1),
            Check = 0,
            Revision = 1,
            WriteId = "",
            Role = fromCustomer ? MessageRole.Customer : MessageRole.Staff,
            UserName = fromCustomer ? "Zoë Example" : "Service",
            Type = "text",
            Text = text,
            CreatedAt = at,
            UpdatedAt = at,
            Ticket = 1 + (row / 200),
            EditedBy = row % 20 == 0 ? "Service" : null,
            ExternalId = row % 3 == 0 ? "crm-000017" : null,
        };
    }

    private static double PeakMegabytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1e6;
    }

    private static string Show(Spread spread) => $"{Show(spread.Median)} ({Show(spread.Min)} to {Show(spread.Max)})";

    private static string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
