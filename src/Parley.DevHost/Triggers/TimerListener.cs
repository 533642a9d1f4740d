using NCrontab;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>
/// Runs a function when its schedule says, in UTC, one run at a time and never early; a failed run is not repeated. Where ticks came
/// and went while a run took its time, one run makes up for all of them, at once and marked as past due.
/// </summary>
internal sealed class TimerListener(CrontabSchedule schedule, FunctionRuns runs, TimeProvider time)
{
    // Timers do not take more than 49 days; a day at a time also notices when the machine slept.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // Later than a loaded machine's timers are: the run before was still going, or the machine slept.
    private static readonly TimeSpan Punctual = TimeSpan.FromSeconds(1);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Ticks until it is told to stop, and ends when no run is under way.</summary>
    public async Task ListenAsync(CancellationToken stopping)
    {
        var due = schedule.GetNextOccurrence(Now);
        while (await ComesAsync(due, stopping))
        {
            var began = Now;
            await runs.RunAsync(TriggerValue.Tick(isPastDue: began - due > Punctual), $"its tick of {due:O}");
            due = schedule.GetNextOccurrence(began);
        }
    }

    /// <summary>Reads a schedule of six fields; null when it is none. The platform's consumption plans take no others.</summary>
    public static CrontabSchedule? Parse(string text) => CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = true });

    private async Task<bool> ComesAsync(DateTime due, CancellationToken stopping)
    {
        while (due > Now && !stopping.IsCancellationRequested)
        {
            var rest = due - Now;
            await Task.Delay(rest < LongestWait ? rest : LongestWait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return !stopping.IsCancellationRequested;
    }
}
