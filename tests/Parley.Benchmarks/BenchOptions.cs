using System.Globalization;
using Parley.Benchmarks.Writers;

namespace Parley.Benchmarks;

/// <summary>A measure of <c>./dev bench</c>.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Summary">One line for the usage text.</param>
/// <param name="RunAsync">Prints the figures; false when one exceeds a limit that holds in spite of noise.</param>
internal sealed record Measure(string Name, string Summary, Func<BenchOptions, Task<bool>> RunAsync);

/// <summary>The parsed arguments of <c>./dev bench</c>.</summary>
internal sealed record BenchOptions
{
    private const string Everything = "all";
    private const int MaxSeconds = 600;
    private const int MaxRounds = 100;
    private const int MaxCount = 100_000;

    private static readonly Measure[] Known =
    [
        // This measure runs first because it measures the peak of this process's memory.
        new("spreadsheets", "a million messages as csv, jsonl and xlsx to nowhere; fails when memory grows with the rows", SpreadsheetMeasure.RunAsync),
        new("writers", "a million rows by Parley's writers and by other packages, in processor time and allocation", WriterMeasure.RunAsync),
        new("start", "the worker and ./dev run of a built tree to their first 200, the requests' overhead, and its processes' memory", StartMeasure.RunAsync),
        new("calls", "storage calls per operation, counted at the transport; fails when one is beyond its limit", CallsMeasure.RunAsync),
        new("storage", "the storage server: the latency that the SDK sees, and the calls that it serves", StorageMeasure.RunAsync),
        new("list", "pages of 50 of a tenant with 10,000 messages, through HTTP, against raw storage calls", ListMeasure.RunAsync),
        new("post", "posting messages, 16 clients on 200 conversations, through HTTP, against raw storage calls", PostMeasure.RunAsync),
        new("follow-ups", "10,000 follow-ups due at one minute, of 100 tenants and of one, against raw storage calls", FollowUpMeasure.RunAsync),
        new("mixed", "32 clients doing everything at once for a minute; fails on a 5xx other than 503, or when memory grows", MixedMeasure.RunAsync),
        new("tenants", "a tenant at ten times its limit beside a quiet one; fails when the quiet one's p99 doubles, on a 503, or when a refusal calls storage", TenantsMeasure.RunAsync),
        new("tokens", "the same request with an API key and with an access token; fails when the token costs storage calls", TokensMeasure.RunAsync),
        new("telemetry", "a page of 50 and a post with and without the export of telemetry; fails when nothing is exported", TelemetryMeasure.RunAsync),
        new("exports", "200,000 messages from storage into a blob, against a raw scan; one day of a year, in storage calls", ExportMeasure.RunAsync),
        new("growth", "posting, listing, sending and exporting with 10,000, 100,000 and 1,000,000 messages of one tenant", GrowthMeasure.RunAsync),
        new("assistants", "200 streamed replies at once: what Parley adds to a chunk's way from the provider, and memory per stream", AssistantMeasure.RunAsync),
        new("kills", "exports while the host's process is killed at random, again and again; fails when one is lost, late or not whole", KillMeasure.RunAsync),
        new("cut", "a million generated messages as csv and jsonl while the process that writes is killed every 15 s; fails when a file is not the undisturbed one", CutMeasure.RunAsync),
    ];

    public static string Help { get; } = string.Join('\n', [
        "Usage: ./dev bench NAME… [options]",
        .. Known.Select(measure => $"  {measure.Name,-12} {measure.Summary}"),
        $"  {Everything,-12} all of them",
        "Options:",
        "  --seconds N  length of a round (default 2)",
        "  --rounds N   rounds, each with raw and Parley in turn (default 8)",
        "  --count N    follow-ups that are due at one minute (default 10000); kills (default 20)",
        "  --storage S  of list, post, follow-ups, exports, assistants and growth: cloud (default), a server with latencies and limits",
        "               like the cloud's; fast, the same without latency; azurite",
        "  --help       show this",
        "Raw is the same sequence of storage calls, made with the storage SDK alone in the same run.",
    ]);

    public IReadOnlyList<Measure> Measures { get; private init; } = [];

    public TimeSpan RoundLength { get; private init; } = TimeSpan.FromSeconds(2);

    public int Rounds { get; private init; } = 8;

    /// <summary>The storage of measures that can choose.</summary>
    public StorageKind Storage { get; private init; }

    /// <summary>The number of follow-ups due at one minute, or of kills; null for the measure's default.</summary>
    public int? Count { get; private init; }

    public bool ShowHelp { get; private init; }

    /// <summary>
    /// Parses the command line. On an error the result is null and <paramref name="error"/> describes it.
    /// </summary>
    public static BenchOptions? Parse(IEnumerable<string> arguments, out string error)
    {
        error = "";
        var options = new BenchOptions();
        using var rest = arguments.GetEnumerator();
        while (rest.MoveNext())
        {
            var argument = rest.Current;
            switch (argument)
            {
                case "--help" or "-h":
                    options = options with { ShowHelp = true };
                    break;
                case "--seconds" when TryReadNumber(rest, MaxSeconds, out var seconds):
                    options = options with { RoundLength = TimeSpan.FromSeconds(seconds) };
                    break;
                case "--rounds" when TryReadNumber(rest, MaxRounds, out var rounds):
                    options = options with { Rounds = rounds };
                    break;
                case "--count" when TryReadNumber(rest, MaxCount, out var count):
                    options = options with { Count = count };
                    break;
                case "--storage" when rest.MoveNext() && Enum.TryParse<StorageKind>(rest.Current, ignoreCase: true, out var storage) && !char.IsAsciiDigit(rest.Current[0]):
                    options = options with { Storage = storage };
                    break;
                case "--storage":
                    error = "--storage needs cloud, fast or azurite.";
                    return null;
                case "--seconds":
                    error = $"--seconds needs a number from 1 to {MaxSeconds}.";
                    return null;
                case "--rounds":
                    error = $"--rounds needs a number from 1 to {MaxRounds}.";
                    return null;
                case "--count":
                    error = $"--count needs a number from 1 to {MaxCount}.";
                    return null;
                case Everything:
                    options = options with { Measures = Known };
                    break;
                case var name when Array.Find(Known, measure => measure.Name == name) is { } measure:
                    options = options.Measures.Contains(measure) ? options : options with { Measures = [.. options.Measures, measure] };
                    break;
                default:
                    error = argument.StartsWith('-') ? $"Unknown option '{argument}'." : $"There is no benchmark '{argument}'.";
                    return null;
            }
        }

        if (options.Measures.Count == 0 && !options.ShowHelp)
        {
            error = "Name a benchmark.";
            return null;
        }

        return options;
    }

    private static bool TryReadNumber(IEnumerator<string> rest, int max, out int number)
    {
        number = 0;
        return rest.MoveNext() && int.TryParse(rest.Current, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= max;
    }
}
