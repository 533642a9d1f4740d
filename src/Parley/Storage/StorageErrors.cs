using Azure;

namespace Parley.Storage;

/// <summary>Classifies storage failures, for <c>catch … when</c>.</summary>
public static class StorageErrors
{
    /// <summary>The entity has another ETag: another writer changed it.</summary>
    public static bool IsPreconditionFailed(this RequestFailedException e) => e.Status == 412;

    /// <summary>The entity to insert already exists.</summary>
    public static bool IsAlreadyExists(this RequestFailedException e) => e.Status == 409;

    public static bool IsNotFound(this RequestFailedException e) => e.Status == 404;

    /// <summary>
    /// Another writer was first; or this writer was, if the storage client sent the write again after a lost response.
    /// The caller must read the row to decide.
    /// </summary>
    public static bool IsLostRace(this RequestFailedException e) => e.IsPreconditionFailed() || e.IsAlreadyExists();

    /// <summary>
    /// The response was lost: the write may have happened, may not have happened, or may even happen later. The
    /// statuses are those that Azure.Core itself retries, and 0 for no response at all. Parley's own time-outs cause
    /// an <see cref="OperationCanceledException"/> and, after the client's retries, an
    /// <see cref="AggregateException"/> of such failures.
    /// </summary>
    /// <param name="failure">The exception of a storage call.</param>
    /// <param name="caller">
    /// The caller's token. The caller's own cancellation ends the operation and is not an unknown outcome.
    /// </param>
    public static bool IsOutcomeUnknown(Exception failure, CancellationToken caller) => failure switch
    {
        RequestFailedException e => e.Status is 0 or 408 or 429 or 500 or 502 or 503 or 504,
        OperationCanceledException => !caller.IsCancellationRequested,
        AggregateException e => e.InnerExceptions.All(inner => IsOutcomeUnknown(inner, caller)),
        IOException => true,
        _ => false,
    };

    /// <summary>
    /// Storage rejected the call, or its outcome is unknown. False for the caller's own cancellation and for defects.
    /// </summary>
    public static bool IsFailure(Exception failure, CancellationToken caller) =>
        failure is RequestFailedException || IsOutcomeUnknown(failure, caller);

    /// <summary>The caller must read the row and, unless it contains the write, try again.</summary>
    public static bool IsLostRaceOrUnknown(Exception failure, CancellationToken caller) =>
        failure is RequestFailedException e && e.IsLostRace() || IsOutcomeUnknown(failure, caller);

    /// <summary>
    /// The first cause in one line: the first line of its message and, for an HTTP error, the status and the service's
    /// error code. The storage client throws an <see cref="AggregateException"/> with one exception for each attempt,
    /// and appends headers to messages.
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
