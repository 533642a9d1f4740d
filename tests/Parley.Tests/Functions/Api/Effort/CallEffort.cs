using Microsoft.AspNetCore.Http;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>What a call took on the thread that ran it.</summary>
/// <param name="Bytes">Allocated bytes.</param>
/// <param name="Nanoseconds">Processor time.</param>
internal readonly record struct CallEffort(long Bytes, long Nanoseconds)
{
    /// <summary>
    /// How often a measure above its limit is repeated: what the runtime does on the thread, such as a collection of
    /// garbage, is not the call's.
    /// </summary>
    private const int Rounds = 6;

    /// <summary>The best of several calls.</summary>
    public static CallEffort Best(InProcessApi api, Func<HttpContext> create, CallEffort? limit = null)
    {
        var best = Measure(api, create());
        for (var round = 1; round < Rounds && (limit is not { } enough || !best.IsWithin(enough)); round++)
        {
            var next = Measure(api, create());
            best = new CallEffort(Math.Min(best.Bytes, next.Bytes), Math.Min(best.Nanoseconds, next.Nanoseconds));
        }

        return best;
    }

    public static CallEffort Max(CallEffort one, CallEffort other) =>
        new(Math.Max(one.Bytes, other.Bytes), Math.Max(one.Nanoseconds, other.Nanoseconds));

    public static CallEffort operator *(int times, CallEffort one) => new(times * one.Bytes, times * one.Nanoseconds);

    public bool IsWithin(CallEffort limit) => Bytes <= limit.Bytes && Nanoseconds <= limit.Nanoseconds;

    public string Compare(CallEffort plain) =>
        $"{(double)Bytes / plain.Bytes:F1} times the bytes, {(double)Nanoseconds / plain.Nanoseconds:F1} times the time";

    private static CallEffort Measure(InProcessApi api, HttpContext context)
    {
        var call = api.Prepare(context);
        var (bytes, time) = (GC.GetAllocatedBytesForCurrentThread(), ThreadTime.Nanoseconds());
        var task = call();
        var effort = new CallEffort(
            GC.GetAllocatedBytesForCurrentThread() - bytes, ThreadTime.Nanoseconds() - time);
        return task.IsCompletedSuccessfully
            ? effort
            : throw new InvalidOperationException($"{context.Request.Path} went on on another thread, or failed.", task.Exception);
    }
}
