using System.Diagnostics;
using System.Globalization;
using Parley.Testing;

// A storage account for benchmarks in a process of its own. It writes its connection string, reads commands from
// standard input, a line each, and ends when that is closed. The answer to each command is one line.
//   latency P50 P99  milliseconds; 0 0 for none
//   limits on | off
//   counts                            requests, refused requests, processor milliseconds, working set in bytes
const int Seed = 1;
await using var server = await StorageServer.StartAsync(
    StorageServerOptions.Fast,
    args is [var seed] ? int.Parse(seed, CultureInfo.InvariantCulture) : Seed,
    Console.Error.WriteLine);
Console.WriteLine(server.ConnectionString);
while (await Console.In.ReadLineAsync() is { } line)
{
    Console.WriteLine(Run(line.Split(' ')));
}

string Run(string[] command)
{
    switch (command)
    {
        case ["latency", var p50, var p99]:
            server.Options = server.Options with { P50 = Milliseconds(p50), P99 = Milliseconds(p99) };
            return "ok";
        case ["limits", "on" or "off"]:
            server.Options = server.Options with { IsLimited = command[1] == "on" };
            return "ok";
        case ["counts"]:
            var (requests, refused) = server.Requests;
            using (var process = Process.GetCurrentProcess())
            {
                return string.Create(CultureInfo.InvariantCulture, $"{requests} {refused} {process.TotalProcessorTime.TotalMilliseconds:0} {process.WorkingSet64}");
            }

        default:
            return $"There is no command {string.Join(' ', command)}.";
    }
}

static TimeSpan Milliseconds(string text) => TimeSpan.FromMilliseconds(double.Parse(text, CultureInfo.InvariantCulture));
