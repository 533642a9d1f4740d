using Azure;

namespace Parley.Storage;

/// <summary>Storage failures, classified once; callers catch with <c>when</c>.</summary>
public static class StorageErrors
{
    /// <summary>The entity's ETag is another one: somebody wrote in between.</summary>
    public static bool IsPreconditionFailed(this RequestFailedException e) => e.Status == 412;

    /// <summary>The entity to insert exists already.</summary>
    public static bool IsAlreadyExists(this RequestFailedException e) => e.Status == 409;

    /// <summary>The entity is not there.</summary>
    public static bool IsNotFound(this RequestFailedException e) => e.Status == 404;

    /// <summary>
    /// Another writer was first; or this one was, if the storage client sent it again after a lost answer. So what is there decides.
    /// </summary>
    public static bool IsLostRace(this RequestFailedException e) => e.IsPreconditionFailed() || e.IsAlreadyExists();

    /// <summary>
    /// The answer is lost: the write may or may not have happened, or may even happen later. Statuses are those that Azure.Core
    /// itself retries, and 0 for no answer at all; time-outs of our own arrive as <see cref="OperationCanceledException"/> and,
    /// after the SDK's retries, as an <see cref="AggregateException"/> of such failures.
    /// </summary>
    /// <param name="failure">What a storage call threw.</param>
    /// <param name="caller">The caller's token: its own cancellation is not an unknown outcome but the end.</param>
    public static bool IsOutcomeUnknown(Exception failure, CancellationToken caller) => failure switch
    {
        RequestFailedException e => e.Status is 0 or 408 or 429 or 500 or 502 or 503 or 504,
        OperationCanceledException => !caller.IsCancellationRequested,
        AggregateException e => e.InnerExceptions.All(inner => IsOutcomeUnknown(inner, caller)),
        IOException => true,
        _ => false,
    };

    /// <summary>Storage did not do it, or not that anybody knows: whatever it was, not the caller's own cancellation and not a defect.</summary>
    public static bool IsFailure(Exception failure, CancellationToken caller) => failure is RequestFailedException || IsOutcomeUnknown(failure, caller);

    /// <summary>A write to look after and, unless it is there, to try again.</summary>
    public static bool IsLostRaceOrUnknown(Exception failure, CancellationToken caller) =>
        failure is RequestFailedException e && e.IsLostRace() || IsOutcomeUnknown(failure, caller);

    /// <summary>
    /// The first cause in one line: its message's first line and, for a refusal, the HTTP status and the service's error code. The storage
    /// client throws one exception for each of its tries, in an <see cref="AggregateException"/>, and appends headers to messages.
    /// </summary>
    public static string FirstLine(Exception failure)
    {
        while (failure is AggregateException { InnerExceptions: [var first, ..] })
        {
            failure = first;
        }

        var line = failure.Message.ReplaceLineEndings("\n").Split('\n')[0];
        return failure is RequestFailedException { Status: > 0 } refusal
            ? $"{line.TrimEnd('.')} (HTTP {refusal.Status} {refusal.ErrorCode}".TrimEnd() + ")."
            : line;
    }
}
