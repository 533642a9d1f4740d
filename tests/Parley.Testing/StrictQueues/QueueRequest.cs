namespace Parley.Testing.QueueService;

/// <summary>The operations ("Queue service REST API").</summary>
internal enum QueueOperation
{
    ListQueues,
    GetServiceProperties,
    CreateQueue,
    DeleteQueue,
    GetProperties,
    SetMetadata,
    Put,
    Get,
    Peek,
    Clear,
    Delete,
    Update,
}

/// <summary>A parsed request.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Queue">The queue; empty for the account.</param>
/// <param name="Message">The message's id; empty when there is none.</param>
internal sealed record QueueRequest(QueueOperation Operation, string Queue, string Message)
{
    /// <summary>The text to put; null keeps that of an updated message.</summary>
    public string? Text { get; init; }

    public string PopReceipt { get; init; } = "";

    /// <summary>The maximum number of messages to receive.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Seconds; null for the operation's default.</summary>
    public int? VisibilityTimeout { get; init; }

    /// <summary>Seconds, or <see cref="QueueRules.Never"/>; null for seven days.</summary>
    public int? TimeToLive { get; init; }

    public string Prefix { get; init; } = "";

    public string? Marker { get; init; }

    public int? MaxResults { get; init; }

    public bool IncludesMetadata { get; init; }

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}

/// <summary>A response before it is written to the wire.</summary>
internal sealed record QueueResponse(int Status)
{
    public QueueError? Error { get; init; }

    public IReadOnlyList<StoredMessage> Messages { get; init; } = [];

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    public int? ApproximateCount { get; init; }

    public IReadOnlyList<(string Name, IReadOnlyDictionary<string, string> Metadata)> Queues { get; init; } = [];

    public string? NextMarker { get; init; }

    public static QueueResponse Refuse(QueueError error) => new(error.Status) { Error = error };
}

/// <summary>An error in the service's own wording: "Queue service error codes" (learn.microsoft.com).</summary>
internal sealed record QueueError(int Status, string Code, string Message)
{
    public static readonly QueueError QueueNotFound = new(404, "QueueNotFound", "The specified queue does not exist.");
    public static readonly QueueError QueueAlreadyExists = new(409, "QueueAlreadyExists", "The specified queue already exists.");
    public static readonly QueueError MessageNotFound = new(404, "MessageNotFound", "The specified message does not exist.");
    public static readonly QueueError PopReceiptMismatch = new(400, "PopReceiptMismatch", "The specified pop receipt did not match the pop receipt for a dequeued message.");
    public static readonly QueueError MessageTooLarge = new(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.");
    public static readonly QueueError InvalidResourceName = new(400, "InvalidResourceName", "The specified resource name contains invalid characters.");
    public static readonly QueueError ServerBusy = new(503, "ServerBusy", "The server is busy.");

    public static QueueError OutOfRange(string option) =>
        new(400, "OutOfRangeQueryParameterValue", $"One of the query parameters specified in the request URI is outside the permissible range: {option}.");
}
