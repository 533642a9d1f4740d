using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.DevHost.Emulator;

namespace Parley.Benchmarks;

/// <summary>
/// Starts the worker's process again and again on storage that exists already: from the start of the process to its
/// first 200 of a list, over the worker's protocol. The host is this process, and it listens before.
/// </summary>
internal static class WorkerStartMeasure
{
    private const double TargetSeconds = 1.0;

    // The first two read the program from disk.
    private const int WarmUp = 2;

    public static async Task<bool> RunAsync(int rounds)
    {
        await using var azurite = await Azurite.StartAsync(directory: null, line => Console.WriteLine($"  {line}"));
        var adminKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        var settings = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Parley__AdminKey"] = adminKey,
            ["FollowUpSchedule"] = StartedSystem.Never,
            ["HousekeepingSchedule"] = StartedSystem.Never,
            ["ExportSchedule"] = StartedSystem.Never,
            ["AssistantSchedule"] = StartedSystem.Never,
            ["WatchSchedule"] = StartedSystem.Never,
        };
        var options = new FunctionsHostOptions { Settings = settings };
        var key = await NewKeyAsync(options, adminKey);
        var (loaded, answered, processor) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -WarmUp; round < rounds; round++)
        {
            var (load, answer, used) = await StartAsync(options, key);
            if (round >= 0)
            {
                loaded.Add(load);
                answered.Add(answer);
                processor.Add(used);
            }
        }

        var spread = Spread.Of(answered);
        Console.WriteLine($"  worker process to its first 200: {Show(spread)} s, target ≤ {TargetSeconds:0.0}: {(spread.Median <= TargetSeconds ? "met" : "missed")}");
        Console.WriteLine($"  … of which until its functions are loaded: {Show(Spread.Of(loaded))} s; processor time of the process: {Show(Spread.Of(processor))} s");
        return spread.Median <= TargetSeconds;
    }

    private static async Task<string> NewKeyAsync(FunctionsHostOptions options, string adminKey)
    {
        await using var host = await FunctionsHost.StartAsync(options);
        using var admin = new AdminClient(host.Api, adminKey);
        return (await admin.CreateTenantAsync("Benchmark", "Benchmark key")).ApiKey;
    }

    private static async Task<(double Loaded, double Answered, double Processor)> StartAsync(FunctionsHostOptions options, string key)
    {
        await using var host = await FunctionsHost.ListenAsync(options.Worker, port: 0);
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        var begun = Stopwatch.GetTimestamp();
        await host.ServeAsync(options);
        var loaded = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        using var response = await client.GetAsync(new Uri(host.Api, "v1/conversations"));
        response.EnsureSuccessStatusCode();
        var answered = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        using var worker = Process.GetProcessById(host.WorkerProcessIds[0]);
        return (loaded, answered, worker.TotalProcessorTime.TotalSeconds);
    }

    private static string Show(Spread spread) => $"{Show(spread.Median)} ({Show(spread.Min)} to {Show(spread.Max)})";

    private static string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
