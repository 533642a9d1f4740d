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
/// is used, since it is finer.
/// </remarks>
public sealed class StorageClock(TimeProvider time)
{
    /// <summary>
    /// The difference that is not corrected: Date has whole seconds, and an answer is under way for some time.
    /// </summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    // In ticks, because several requests read and write it at once.
    private long behind;
    private bool isKnown;

    /// <summary>True after the first answer of storage. Before, <see cref="Now"/> is the process's own time.</summary>
    public bool IsKnown => Volatile.Read(ref isKnown);

    /// <summary>The present time of storage, exact to <see cref="Tolerance"/>.</summary>
    public DateTimeOffset Now => time.NowInMilliseconds() + new TimeSpan(Interlocked.Read(ref behind));

    /// <summary>Follows the answers of a client.</summary>
    internal void Follow(ClientOptions options) =>
        options.AddPolicy(new DatePolicy(this, time), HttpPipelinePosition.PerRetry);

    private void Observe(DateTimeOffset date, TimeSpan underWay)
    {
        // A late answer says nothing of the present: the process may have stood still while it was under way.
        if (underWay <= Tolerance)
        {
            var difference = date - time.GetUtcNow();
            Interlocked.Exchange(ref behind, difference.Duration() > Tolerance ? difference.Ticks : 0);
            Volatile.Write(ref isKnown, true);
        }
    }

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
