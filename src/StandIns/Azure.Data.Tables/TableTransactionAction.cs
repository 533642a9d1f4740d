namespace Azure.Data.Tables;

/// <summary>One operation of a transaction.</summary>
public class TableTransactionAction
{
    /// <summary>An operation without a condition.</summary>
    public TableTransactionAction(TableTransactionActionType actionType, ITableEntity entity) : this(actionType, entity, default)
    {
    }

    /// <summary>
    /// An operation on condition that the row still has <paramref name="etag"/>. Without one, a delete is unconditional and
    /// an update is an upsert; <see cref="ETag.All"/> asks that the row exist. An add or upsert takes no condition.
    /// </summary>
    public TableTransactionAction(TableTransactionActionType actionType, ITableEntity entity, ETag etag = default)
    {
        ActionType = actionType;
        Entity = entity;
        ETag = etag;
    }

    internal TableTransactionActionType ActionType { get; }

    internal ITableEntity Entity { get; }

    internal ETag ETag { get; }
}

/// <summary>What an operation of a transaction does.</summary>
public enum TableTransactionActionType
{
    /// <summary>Insert; fails with 409 when the row exists.</summary>
    Add = 0,

    /// <summary>Update the named properties; fails with 404 or 412.</summary>
    UpdateMerge = 1,

    /// <summary>Replace the row; fails with 404 or 412.</summary>
    UpdateReplace = 2,

    /// <summary>Delete; fails with 404 or 412.</summary>
    Delete = 3,

    /// <summary>Insert, or update the named properties.</summary>
    UpsertMerge = 4,

    /// <summary>Insert or replace.</summary>
    UpsertReplace = 5,
}
