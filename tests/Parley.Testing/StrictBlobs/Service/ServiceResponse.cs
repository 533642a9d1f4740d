namespace Parley.Testing.BlobService;

/// <summary>The service's response before it is written to the wire.</summary>
internal sealed record ServiceResponse(int Status)
{
    public BlobError? Error { get; init; }

    /// <summary>The blob that was read or written.</summary>
    public StoredBlob? Blob { get; init; }

    /// <summary>The range of the blob's bytes that the body contains; null for no body.</summary>
    public (long First, long Count)? Bytes { get; init; }

    public BlobPage? Page { get; init; }

    public static ServiceResponse Refuse(BlobError error) => new(error.Status) { Error = error };
}

/// <summary>A page of a list.</summary>
/// <param name="Request">The list request.</param>
/// <param name="Blobs">The blobs.</param>
/// <param name="Next">The marker of the next page; null at the end.</param>
internal sealed record BlobPage(BlobRequest Request, IReadOnlyList<StoredBlob> Blobs, string? Next);

/// <summary>
/// An error in the service's own wording: "Blob service error codes", "Common REST API error codes"
/// (learn.microsoft.com).
/// </summary>
internal sealed record BlobError(int Status, string Code, string Message)
{
    public static readonly BlobError ContainerNotFound = new(404, "ContainerNotFound", "The specified container does not exist.");
    public static readonly BlobError ContainerAlreadyExists = new(409, "ContainerAlreadyExists", "The specified container already exists.");
    public static readonly BlobError BlobNotFound = new(404, "BlobNotFound", "The specified blob does not exist.");
    public static readonly BlobError CannotVerifyCopySource = new(404, "CannotVerifyCopySource", "The specified blob does not exist.");
    public static readonly BlobError BlobAlreadyExists = new(409, "BlobAlreadyExists", "The specified blob already exists.");
    public static readonly BlobError ConditionNotMet = new(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.");
    public static readonly BlobError NotModified = ConditionNotMet with { Status = 304 };
    public static readonly BlobError InvalidRange = new(416, "InvalidRange", "The range specified is invalid for the current size of the resource.");
    public static readonly BlobError InvalidBlockId = new(400, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid: blockid.");
    public static readonly BlobError InvalidBlobOrBlock = new(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.");
    public static readonly BlobError InvalidBlockList = new(400, "InvalidBlockList", "The specified block list is invalid.");
    public static readonly BlobError BlockListTooLong = new(400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks.");
    public static readonly BlobError EmptyBlock = new(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format: Content-Length.");
    public static readonly BlobError TooManyBlocks = new(409, "BlockCountExceedsLimit", "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks.");
    public static readonly BlobError MaxResultsOutOfRange = new(400, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is outside the permissible range: maxresults.");
    public static readonly BlobError ServerBusy = new(503, "ServerBusy", "The server is busy.");
}
