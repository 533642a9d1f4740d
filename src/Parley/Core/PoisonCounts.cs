using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Parley.Core;

/// <summary>
/// The last counts of the poison queues, as a gauge. A count is reported for some time only: when another instance has
/// taken the timer over, this one must not report its last count for ever.
/// </summary>
internal sealed class PoisonCounts
{
    /// <summary>Three runs of the timer, which counts every five minutes.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, (long Messages, long At)> counts = new();

    public PoisonCounts(Meter meter) => meter.CreateObservableGauge(
        "parley.queue.poison", Read, "{message}", "Messages of a poison queue, which nobody processes.");

    public void Set(string queue, long messages) =>
        counts[queue] = (messages, TimeProvider.System.GetTimestamp());

    private IEnumerable<Measurement<long>> Read() => counts
        .Where(count => TimeProvider.System.GetElapsedTime(count.Value.At) < MaxAge)
        .Select(count => new Measurement<long>(
            count.Value.Messages, new KeyValuePair<string, object?>(Telemetry.QueueTag, count.Key)));
}
