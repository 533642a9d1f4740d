using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// A client's Idempotency-Key and a digest of its request (draft-ietf-httpapi-idempotency-key-header). Its row is
/// stored in the same transaction and partition as the effect of the request. The scope of a key is therefore one
/// conversation or, for requests that create a conversation, the tenant.
/// </summary>
/// <param name="RowKey">The row key, with a digest of the client's key.</param>
/// <param name="RequestHash">The digest of method, path and parsed fields.</param>
public sealed record IdempotencyKey(string RowKey, string RequestHash)
{
    /// <summary>Minimum retention of the rows; the cleanup deletes them in the following hour.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>Maximum characters of a client's key.</summary>
    public const int MaxLength = 255;

    /// <param name="key">The header's value, unchanged.</param>
    /// <param name="request">Method, path and fields in a fixed order; null for a missing field.</param>
    public static IdempotencyKey Create(string key, IEnumerable<string?> request)
    {
        return new IdempotencyKey(IdempotencyRowKeys.IdempotencyKey(Digest.Of(key)), Digest.Of(request));
    }

    /// <summary>
    /// The key for a client's own id of a message. The row key contains a digest of the id and of the request: the same
    /// id with another body is another message, and a retry of either finds its own row. These rows are kept as long as
    /// the message.
    /// </summary>
    /// <param name="externalId">The client's id, unchanged.</param>
    /// <param name="request">The fields in a fixed order; null for a missing field.</param>
    public static IdempotencyKey OfExternalId(string externalId, IEnumerable<string?> request)
    {
        var body = Digest.Of(request);
        return new IdempotencyKey(IdempotencyRowKeys.ExternalId(Digest.Of([externalId, body])), body);
    }

    /// <param name="partitionKey">The partition of the created entity.</param>
    /// <param name="result">The number of the created entity.</param>
    internal TableEntity ToRow(string partitionKey, int result) =>
        new(partitionKey, RowKey) { ["RequestHash"] = RequestHash, ["Result"] = result };

    /// <summary>The number of the entity that an earlier request with this key created; null without one.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.IdempotencyKeyReused"/>: the earlier request had another digest.
    /// </exception>
    internal async Task<int?> FindResultAsync(
        TableClient table, string partitionKey, CancellationToken cancellation)
    {
        if (await table.FindAsync(partitionKey, RowKey, cancellation) is not { } row)
        {
            return null;
        }

        return string.Equals(row.GetString("RequestHash"), RequestHash, StringComparison.Ordinal)
            ? row.GetInt32("Result")
            : throw ErrorCode.IdempotencyKeyReused.With(
                "This Idempotency-Key was sent before with another path or body.");
    }

    /// <summary>
    /// Writes the schedule row through which the cleanup finds the keys that a partition got in one hour. It must be
    /// written before the first key of that hour, so that no key exists without it.
    /// </summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="conversation">The conversation's number, 0 for the tenant's own keys.</param>
    /// <param name="hour">Hours since 1970.</param>
    internal static Task WriteScheduleRowAsync(
        Schedule schedule, TenantId tenant, int conversation, long hour, CancellationToken cancellation) =>
        schedule.WriteAsync(ScheduledDeletion(tenant, conversation, hour), cancellation);

    /// <summary>The deletion of the keys of one hour, when the last of them is old enough.</summary>
    internal static ScheduledItem ScheduledDeletion(TenantId tenant, int conversation, long hour) => new(
        tenant,
        DateTimeOffset.FromUnixTimeSeconds(hour * 3600) + TimeSpan.FromHours(1) + KeptFor,
        IdempotencyRowKeys.ScheduledIdempotencyKeys(tenant, conversation, hour),
        IdempotencyRowKeys.ScheduledIdempotencyKeys(tenant, conversation));
}
