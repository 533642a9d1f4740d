using NCrontab;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>
/// Runs a function by its schedule, in UTC, one run at a time and never early. A failed run is not repeated. If ticks
/// are missed during a long run, one run replaces all of them: it starts at once and is marked as past due.
/// </summary>
internal sealed class TimerListener(CrontabSchedule schedule, FunctionRuns runs, TimeProvider time)
{
    // Timers accept at most 49 days. Waiting in steps of a day also detects that the machine slept.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // Longer than timer delays on a loaded machine. A later tick is past due: the previous run was still in progress,
    // or the machine slept.
    private static readonly TimeSpan PastDueAfter = TimeSpan.FromSeconds(1);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Runs the schedule until the token is cancelled. Completes when no run is in progress.</summary>
    public async Task ListenAsync(CancellationToken stopping)
    {
        var tick = schedule.GetNextOccurrence(Now);
        while (await WaitUntilAsync(tick, stopping))
        {
            var began = Now;
            await runs.RunAsync(TriggerValue.Tick(isPastDue: began - tick > PastDueAfter), $"its tick of {tick:O}");
            tick = schedule.GetNextOccurrence(began);
        }
    }

    /// <summary>
    /// Parses a schedule of six fields; null if it is not valid. The platform's consumption plans accept only these.
    /// </summary>
    public static CrontabSchedule? Parse(string text) =>
        CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = true });

    private async Task<bool> WaitUntilAsync(DateTime tick, CancellationToken stopping)
    {
        while (tick > Now && !stopping.IsCancellationRequested)
        {
            var rest = tick - Now;
            await Task.Delay(rest < LongestWait ? rest : LongestWait, time, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return !stopping.IsCancellationRequested;
    }
}
