using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Parley.DevHost.Common;

namespace Parley.Benchmarks;

/// <summary>
/// Runs the start of <c>./dev run</c> repeatedly, each time with one list request. It replaces artifacts/local.json, as
/// every run does.
/// </summary>
internal static class StartMeasure
{
    private const double TargetSeconds = 2.5;
    private const double TargetMilliseconds = 2;
    private const int Requests = 2_000;
    private const int WarmUp = 300;

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"start: the worker alone, then ./dev run of a built tree to its first 200, {options.Rounds} rounds");
        var workerMet = await WorkerStartMeasure.RunAsync(options.Rounds);
        var (seconds, milliseconds, memory) = (new List<double>(), new List<double>(), new List<double[]>());
        for (var round = 1; round <= options.Rounds; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            using var host = Start();
            try
            {
                await ReadUntilAsync(host.StandardOutput, "Parley serves");
                var reading = host.StandardOutput.ReadToEndAsync();
                using var access = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Repository.Artifacts, "local.json")));
                using var client = new HttpClient
                {
                    BaseAddress = new Uri(access.RootElement.GetProperty("baseUrl").GetString() + "/"),
                    DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", access.RootElement.GetProperty("apiKey").GetString()) },
                };
                await GetAsync(client, "v1/conversations");
                seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
                Console.WriteLine($"  round {round}: {Show(seconds[^1])} s");
                milliseconds.Add(await MeasureRequestsAsync(client));
                memory.Add([Megabytes(host), .. Process.GetProcessesByName("dotnet").Where(process => IsWorkerOf(process, host)).Select(Megabytes)]);
                host.Kill();
                await reading;
            }
            finally
            {
                host.Kill();
                await host.WaitForExitAsync();
            }
        }

        var (start, request) = (Spread.Of(seconds), Spread.Of(milliseconds));
        Console.WriteLine($"  first 200 after {Show(start)} s, target ≤ {TargetSeconds}: {(start.Median <= TargetSeconds ? "met" : "missed")}");
        Console.WriteLine($"  GET /version, p50 {Show(request)} ms, target ≤ {TargetMilliseconds}: {(request.Median <= TargetMilliseconds ? "met" : "missed")}");
        Console.WriteLine($"  memory: host {memory[^1][0]:0} MB, worker {memory[^1].ElementAtOrDefault(1):0} MB after {WarmUp + Requests} requests");
        return workerMet && start.Median <= TargetSeconds && request.Median <= TargetMilliseconds;
    }

    private static Process Start() => Process.Start(new ProcessStartInfo("dotnet", [Repository.Program("Parley.DevHost"), "--port", "0"])
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
    })!;

    private static async Task ReadUntilAsync(StreamReader output, string text)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new BenchmarkException("./dev run ended before it served.");
    }

    /// <returns>The median in milliseconds.</returns>
    private static async Task<double> MeasureRequestsAsync(HttpClient client)
    {
        var times = new double[Requests];
        for (var i = -WarmUp; i < Requests; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await GetAsync(client, "v1/version");
            if (i >= 0)
            {
                times[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            }
        }

        Array.Sort(times);
        return Percentile.Of(times, 0.5);
    }

    private static async Task GetAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>True when the host has started the process. It reads /proc, so it works only on Linux.</summary>
    private static bool IsWorkerOf(Process process, Process host) =>
        File.Exists($"/proc/{process.Id}/stat") && File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[^1].Split(' ')[1] == $"{host.Id}";

    private static double Megabytes(Process process) => process.WorkingSet64 / (double)(1 << 20);

    private static string Show(Spread spread) => $"{Show(spread.Median)} ({Show(spread.Min)} to {Show(spread.Max)})";

    private static string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
