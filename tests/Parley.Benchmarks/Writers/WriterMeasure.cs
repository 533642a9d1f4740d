using System.Globalization;
using Parley.Spreadsheets;

namespace Parley.Benchmarks.Writers;

/// <summary>
/// Parley's writers beside other packages': processor time and allocation of a million rows to a stream that discards
/// them. Processor time depends least on what else the machine does; each writer uses one thread.
/// </summary>
internal static class WriterMeasure
{
    private const int Rows = 1_000_000;
    private const int WarmUpRows = 100_000;

    // The slowest take several times as long as the others, and no target is near them.
    private const int RoundsOfSlow = 1;
    private static readonly string[] Slow = ["MiniExcel", "CsvHelper"];

    private static readonly (TableFormat Format, string Peer, double Export, double Short)[] Targets =
    [
        (TableFormat.Csv, "Sep", 0.8, 0.8),
        (TableFormat.Xlsx, "SpreadCheetah", 1.0, 1.15),
    ];

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        var rounds = Math.Min(options.Rounds, 5);
        Console.WriteLine($"writers: {Rows} rows to nowhere, {rounds} rounds");
        var (export, small) = (SampleTable.Export(), SampleTable.Short());
        foreach (var sample in new[] { export, small })
        {
            foreach (var writer in ComparedWriter.All)
            {
                await WrittenFile.CheckAsync(writer, sample);
                await writer.WriteAsync(sample, WarmUpRows, Stream.Null);
            }

            Console.WriteLine($"  {sample.Name}: all files were read and have the same cells");
        }

        await CompareAsync(export, rounds, target => target.Export);
        await CompareAsync(small, rounds, target => target.Short);
        return true;
    }

    private static async Task CompareAsync(
        SampleTable sample, int rounds, Func<(TableFormat, string, double Export, double Short), double> limit)
    {
        var results = ComparedWriter.All.ToDictionary(writer => writer, _ => new List<Result>());
        for (var round = 0; round < rounds; round++)
        {
            // Every round begins with another writer, so that none is always measured after the same one.
            for (var next = 0; next < ComparedWriter.All.Length; next++)
            {
                var writer = ComparedWriter.All[(round + next) % ComparedWriter.All.Length];
                if (round < RoundsOfSlow || !Slow.Contains(writer.Name))
                {
                    results[writer].Add(await MeasureAsync(writer, sample));
                }
            }
        }

        Console.WriteLine($"  {sample.Name}:");
        var table = new TextTable("", "", "processor s", "allocated MB", "MB written", "Parley : this");
        foreach (var (writer, measured) in results)
        {
            table.Add(
                writer.Format.ToString(), writer.Name, Show(Spread.Of(measured.Select(result => result.Seconds))),
                Show(measured[^1].Allocated / 1e6), Show(measured[^1].Written / 1e6),
                writer.Name == ComparedWriter.Parley ? "" : $"{Show(Ratio(Own(writer.Format), measured))} ×");
        }

        table.Print();
        foreach (var target in Targets)
        {
            var peer = results.Single(each => each.Key.Name == target.Peer).Value;
            var ratio = Ratio(Own(target.Format), peer);
            Console.WriteLine(
                $"  {target.Format} : {target.Peer} {Show(ratio)}, target ≤ {Show(limit(target))}: {(ratio.Median <= limit(target) ? "met" : "missed")}");
        }

        var jsonl = Ratio(Own(TableFormat.Jsonl), Own(TableFormat.Csv));
        Console.WriteLine($"  Jsonl : Csv {Show(jsonl)}");

        List<Result> Own(TableFormat format) => results[Array.Find(ComparedWriter.All, each => each.Format == format && each.Name == ComparedWriter.Parley)!];
    }

    private static async Task<Result> MeasureAsync(ComparedWriter writer, SampleTable sample)
    {
        GC.Collect();
        var output = new CountingStream();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var begin = Environment.CpuUsage.TotalTime;
        await writer.WriteAsync(sample, Rows, output);
        var seconds = (Environment.CpuUsage.TotalTime - begin).TotalSeconds;
        return new Result(seconds, GC.GetTotalAllocatedBytes(precise: true) - allocated, output.Bytes);
    }

    private static Spread Ratio(List<Result> own, List<Result> other) =>
        Spread.Of(own.Zip(other, (one, two) => one.Seconds / two.Seconds));

    private static string Show(Spread spread) => $"{Show(spread.Median)} ({Show(spread.Min)} to {Show(spread.Max)})";

    private static string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private sealed record Result(double Seconds, long Allocated, long Written);
}
