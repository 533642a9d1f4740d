namespace Parley.Testing.TableService;

/// <summary>
/// An error in the service's own wording. Codes and statuses: "Table Storage error codes" and "Common REST API error
/// codes" (learn.microsoft.com, Storage services REST reference).
/// </summary>
internal sealed record TableError(int Status, string Code, string Message)
{
    public static readonly TableError TableNotFound = new(404, "TableNotFound", "The table specified does not exist.");
    public static readonly TableError ResourceNotFound = new(404, "ResourceNotFound", "The specified resource does not exist.");
    public static readonly TableError TableAlreadyExists = new(409, "TableAlreadyExists", "The table specified already exists.");
    public static readonly TableError TableBeingDeleted = new(409, "TableBeingDeleted", "The specified table is being deleted. Try operation later.");
    public static readonly TableError EntityAlreadyExists = new(409, "EntityAlreadyExists", "The specified entity already exists.");
    public static readonly TableError ConditionNotMet = new(412, "UpdateConditionNotSatisfied", "The update condition specified in the request was not satisfied.");
    public static readonly TableError ServerBusy = new(503, "ServerBusy", "The server is busy.");
    public static readonly TableError BodyTooLarge = new(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.");
    public static readonly TableError EntityTooLarge = new(400, "EntityTooLarge", "The entity is larger than the maximum allowed size (1MB).");
    public static readonly TableError TooManyProperties = new(400, "TooManyProperties", "The entity contains more properties than allowed. Each entity can include up to 252 properties to store data. Each entity also has 3 system properties that specify a partition key, a row key, and a timestamp.");
    public static readonly TableError PropertiesNeedValue = new(400, "PropertiesNeedValue", "The values are not specified for all properties in the entity.");
    public static readonly TableError DuplicateProperties = new(400, "DuplicatePropertiesSpecified", "A property is specified more than one time.");
    public static readonly TableError ConditionMissing = new(400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified: If-Match.");
    public static readonly TableError DifferentPartitions = new(400, "CommandsInBatchActOnDifferentPartitions", "All commands in a batch must operate on same entity group.");
    public static readonly TableError TooManyChanges = new(400, "InvalidInput", "The batch request operation exceeds the maximum 100 changes per change set.");

    public static TableError DuplicateRow(string rowKey) =>
        new(400, "InvalidDuplicateRow", $"A command with RowKey '{rowKey}' is already present in the batch. An entity can appear only once in a batch.");

    public static TableError InvalidInput(string why) => new(400, "InvalidInput", $"One of the request inputs is not valid: {why}");

    public static TableError InvalidETag(string etag) =>
        new(400, "InvalidInput", $"The etag value '{etag}' specified in one of the request headers is not valid. Please make sure only one etag value is specified and is valid.");

    public static TableError OutOfRange(string name, string value) => new(400, "OutOfRangeInput", $"The '{name}' parameter of value '{value}' is out of range.");

    public static TableError ValueTooLarge(string name) => new(400, "PropertyValueTooLarge", $"The property value exceeds the maximum allowed size: {name}.");

    public static TableError PropertyName(string name) => new(400, "PropertyNameInvalid", $"The property name is invalid: {name}.");

    public static TableError PropertyNameTooLong(string name) => new(400, "PropertyNameTooLong", $"The property name exceeds the maximum allowed length (255): {name[..20]}….");

    public static TableError InvalidValue(string name) => new(400, "InvalidValueType", $"The value specified is invalid: {name}.");

    public static TableError TableName(string name) => new(400, "InvalidResourceName", $"The specified resource name contains invalid characters: {name}.");

    /// <summary>
    /// Creates the exception that answers the current request with this error. Only for requests that are invalid in
    /// themselves; errors that depend on the data are returned.
    /// </summary>
    public TableRefusedException Refuse() => new(this);
}

/// <summary>The service refuses a request independent of the stored data.</summary>
internal sealed class TableRefusedException(TableError error) : Exception(error.Message)
{
    public TableError Error { get; } = error;
}
