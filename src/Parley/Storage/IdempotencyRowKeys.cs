using System.Globalization;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Row keys of idempotency keys, and of the schedule rows for their deletion.</summary>
internal static class IdempotencyRowKeys
{
    /// <summary>A client's idempotency key, in the partition of the created entity.</summary>
    /// <param name="hash">
    /// The digest of the client's key, which may contain characters that row keys must not contain.
    /// </param>
    public static string IdempotencyKey(string hash) => "k|" + hash;

    /// <summary>An external id. The same id with the same body creates no second message.</summary>
    /// <param name="hash">The digest of the external id and the request body.</param>
    public static string ExternalId(string hash) => "x|" + hash;

    /// <summary>The prefix of the schedule rows of idempotency keys.</summary>
    public const string ScheduledKeys = "k|";

    /// <summary>In the table Due: expired keys of one conversation or, with 0, of the tenant.</summary>
    public static string ScheduledIdempotencyKeys(TenantId tenant, int conversation) =>
        string.Create(CultureInfo.InvariantCulture, $"{ScheduledKeys}{tenant.Number:D8}|{conversation:D10}");

    /// <summary>The same in the table Schedule.</summary>
    /// <param name="hour">The hour of the keys, in hours since 1970.</param>
    public static string ScheduledIdempotencyKeys(TenantId tenant, int conversation, long hour) => string.Create(
        CultureInfo.InvariantCulture, $"{ScheduledIdempotencyKeys(tenant, conversation)}|{hour:D8}");

    /// <summary>Parses a key of either table.</summary>
    public static (TenantId Tenant, int Conversation) ReadScheduledIdempotencyKeys(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2]));
    }
}
