using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// A client's Idempotency-Key with the hash of the request that it came with (draft-ietf-httpapi-idempotency-key-header).
/// Its row commits in the same transaction as the effect, in the partition of the effect, so a key is a conversation's
/// (or, for what creates a conversation, the tenant's).
/// </summary>
/// <param name="RowKey">The row's key, with a digest of the key as sent.</param>
/// <param name="RequestHash">The digest of method, path and the parsed fields.</param>
public sealed record IdempotencyKey(string RowKey, string RequestHash)
{
    /// <summary>Rows are kept at least this long; the sweep drops them in the hour after.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>The longest key that is taken.</summary>
    public const int MaxLength = 255;

    /// <summary>A key and what it came with.</summary>
    /// <param name="key">As sent.</param>
    /// <param name="request">Method, path and fields in a fixed order; null for a field that is absent.</param>
    public static IdempotencyKey Create(string key, IEnumerable<string?> request)
    {
        return new IdempotencyKey(IdempotencyRowKeys.IdempotencyKey(Digest.Of(key)), Digest.Of(request));
    }

    /// <summary>
    /// A client's own id of a message, with what it came with. The row's key holds both: the same id with another body is another
    /// message, and each of them is found again. These rows are kept as long as the message.
    /// </summary>
    /// <param name="externalId">As sent.</param>
    /// <param name="request">The fields in a fixed order; null for a field that is absent.</param>
    public static IdempotencyKey OfExternalId(string externalId, IEnumerable<string?> request)
    {
        var body = Digest.Of(request);
        return new IdempotencyKey(IdempotencyRowKeys.ExternalId(Digest.Of([externalId, body])), body);
    }

    /// <summary>The row that remembers the effect.</summary>
    /// <param name="partitionKey">The partition of the effect.</param>
    /// <param name="result">The number of what was made.</param>
    internal TableEntity ToRow(string partitionKey, int result) =>
        new(partitionKey, RowKey) { ["RequestHash"] = RequestHash, ["Result"] = result };

    /// <summary>The number that the first request with this key made; null when it is the first.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.IdempotencyKeyReused"/>: it came with another request.</exception>
    internal async Task<int?> FindResultAsync(TableClient table, string partitionKey, CancellationToken cancellation)
    {
        if (await table.FindAsync(partitionKey, RowKey, cancellation) is not { } row)
        {
            return null;
        }

        return string.Equals(row.GetString("RequestHash"), RequestHash, StringComparison.Ordinal)
            ? row.GetInt32("Result")
            : throw ErrorCode.IdempotencyKeyReused.With("This Idempotency-Key was sent before with another path or body.");
    }

    /// <summary>
    /// Writes the row by which the sweep finds a partition's keys of one hour to drop them. Before the first key of that hour, so
    /// that no key is ever without it.
    /// </summary>
    /// <param name="due">The table Due.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="conversation">The conversation's number, 0 for the tenant's own keys.</param>
    /// <param name="hour">Hours since 1970.</param>
    /// <param name="cancellation">Ends the write.</param>
    internal static Task WriteScheduleRowAsync(TableClient due, TenantId tenant, int conversation, long hour, CancellationToken cancellation)
    {
        var dropAt = DateTimeOffset.FromUnixTimeSeconds(hour * 3600) + TimeSpan.FromHours(1) + KeptFor;
        var row = new TableEntity(ScheduleRowKeys.SchedulePartition(dropAt), IdempotencyRowKeys.ScheduledIdempotencyKeys(tenant, conversation));
        return due.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation);
    }
}
