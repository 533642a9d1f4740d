using Parley.DevHost;
using Parley.DevHost.Common;

namespace Parley.Testing;

/// <summary>
/// Hosts of the app with a clock, doubles and faults; tests/Parley.TestWorker lists the settings named Test__….
/// </summary>
public static class TestHost
{
    /// <summary>A schedule that does not occur during a test run.</summary>
    public const string Never = "0 0 0 1 1 *";

    private static readonly string[] QueueFunctions = ["FollowUpsFire", "RepliesRun", "ExportsBuild", "ExportsDeliver"];

    /// <summary>
    /// Starts a host. On the storage that the tests share it leaves the app's queues to the host of
    /// <see cref="ParleyFixture"/>: with its own clock and providers it would take messages of other tests.
    /// </summary>
    /// <param name="settings">
    /// The app settings. Schedules that they do not set never occur, and the provider is the scripted one.
    /// </param>
    /// <param name="isIsolated">True when each function without an HTTP trigger has its own process.</param>
    public static async Task<FunctionsHost> StartAsync(IReadOnlyDictionary<string, string?> settings, bool isIsolated = false)
    {
        var all = new Dictionary<string, string?>
        {
            ["FollowUpSchedule"] = Never,
            ["ExportSchedule"] = Never,
            ["AssistantSchedule"] = Never,
            ["HousekeepingSchedule"] = Never,
            ["WatchSchedule"] = Never,
            ["AzureWebJobs.TestTick.Disabled"] = settings.ContainsKey("TestSchedule") ? "false" : "true",
            ["AzureWebJobs.TestMessage.Disabled"] = settings.ContainsKey("TestQueue") ? "false" : "true",
        };
        if (!settings.Keys.Any(name => name.StartsWith("Providers__", StringComparison.Ordinal)))
        {
            all["Providers__main__Type"] = "scripted";
        }

        if (await AzuriteFixture.IsSharedAsync(settings.GetValueOrDefault("AzureWebJobsStorage")))
        {
            foreach (var function in QueueFunctions)
            {
                all[$"AzureWebJobs.{function}.Disabled"] = "true";
            }
        }

        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return await FunctionsHost.StartAsync(new FunctionsHostOptions { Settings = all, Worker = Repository.Program("Parley.TestWorker"), IsIsolated = isIsolated });
    }
}

/// <summary>
/// The clock of a host that was started with <see cref="Path"/> as its setting <c>Test__Clock</c>. It stands still
/// until it is set.
/// </summary>
public sealed class ManualClock : IDisposable
{
    private DateTimeOffset now;

    /// <summary>Starts at the current time.</summary>
    public ManualClock() => Set(TimeProvider.System.GetUtcNow());

    /// <summary>The file that the app reads.</summary>
    public string Path { get; } = System.IO.Path.GetTempFileName();

    public DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => Set(now + by);

    public void Dispose() => File.Delete(Path);

    private void Set(DateTimeOffset time)
    {
        now = time;

        // Moved into place, so that the app never reads a partly written file.
        var fresh = Path + ".new";
        File.WriteAllText(fresh, now.ToString("O"));
        File.Move(fresh, Path, overwrite: true);
    }
}
