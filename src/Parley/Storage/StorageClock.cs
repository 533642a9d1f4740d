using Azure.Core;
using Azure.Core.Pipeline;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// The clock of storage, as far as this process knows it. Instances' clocks may differ by minutes, but all of them talk
/// to the same storage, so what several instances must agree on by time follows this clock.
/// </summary>
/// <remarks>
/// Every answer of storage has a header Date in whole seconds. While the process's own clock agrees with it, that clock
/// is used, since it is finer. Otherwise the time lies between two bounds: the answer may have been under way for all of
/// the time that the call took.
/// </remarks>
public sealed class StorageClock(TimeProvider time)
{
    /// <summary>
    /// The difference that is not corrected: Date has whole seconds, and an answer is under way for some time.
    /// </summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    private Offset? known;

    /// <summary>True after the first answer of storage. Before, both times are the process's own.</summary>
    public bool IsKnown => Volatile.Read(ref known) is not null;

    /// <summary>
    /// The present time for writers: storage's, or a little later. What is dated too late is only found later.
    /// </summary>
    public DateTimeOffset Now => time.NowInMilliseconds() + (Volatile.Read(ref known)?.Latest ?? TimeSpan.Zero);

    /// <summary>
    /// The present time for readers: storage's, or a little earlier. What is read too early may not be complete.
    /// </summary>
    public DateTimeOffset Earliest =>
        time.NowInMilliseconds() + (Volatile.Read(ref known)?.Earliest ?? TimeSpan.Zero);

    /// <summary>Follows the answers of a client.</summary>
    internal void Follow(ClientOptions options) =>
        options.AddPolicy(new DatePolicy(this, time), HttpPipelinePosition.PerRetry);

    private void Observe(DateTimeOffset date, TimeSpan underWay)
    {
        if (underWay > Tolerance && Volatile.Read(ref known) is { } better && better.UnderWay <= underWay)
        {
            // A late answer says less: the process may have stood still while it was under way.
            return;
        }

        var difference = date - time.GetUtcNow();
        var agrees = underWay <= Tolerance && difference.Duration() <= Tolerance;
        Volatile.Write(
            ref known,
            agrees
                ? new Offset(TimeSpan.Zero, TimeSpan.Zero, underWay)
                : new Offset(difference, difference + underWay, underWay));
    }

    /// <summary>What storage's time is more than the process's own, at least and at most.</summary>
    /// <param name="UnderWay">The duration of the call that told it.</param>
    private sealed record Offset(TimeSpan Earliest, TimeSpan Latest, TimeSpan UnderWay);

    private sealed class DatePolicy(StorageClock clock, TimeProvider time) : HttpPipelineSynchronousPolicy
    {
        private static readonly string Property = typeof(DatePolicy).FullName!;

        public override void OnSendingRequest(HttpMessage message) =>
            message.SetProperty(Property, time.GetTimestamp());

        public override void OnReceivedResponse(HttpMessage message)
        {
            if (message.Response.Headers.Date is { } date
                && message.TryGetProperty(Property, out var sent) && sent is long sentAt)
            {
                clock.Observe(date, time.GetElapsedTime(sentAt));
            }
        }
    }
}
