using System.Globalization;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Idempotency keys, and the schedule rows by which they are dropped.</summary>
internal static class IdempotencyRowKeys
{
    /// <summary>A client's idempotency key, in the partition that its effect is in.</summary>
    /// <param name="hash">Of the key as sent: clients may send characters that keys must not have.</param>
    public static string IdempotencyKey(string hash) => "k|" + hash;

    /// <summary>An external id, which with the same body makes nothing twice.</summary>
    /// <param name="hash">The digest of the external id and the request body.</param>
    public static string ExternalId(string hash) => "x|" + hash;

    /// <summary>How the keys of idempotency keys in Due begin.</summary>
    public const string ScheduledKeys = "k|";

    /// <summary>In Due: idempotency keys of one conversation (or, with 0, of the tenant itself) to drop.</summary>
    public static string ScheduledIdempotencyKeys(TenantId tenant, int conversation) =>
        string.Create(CultureInfo.InvariantCulture, $"k|{tenant.Number:D8}|{conversation:D10}");

    /// <summary>What a key of <see cref="ScheduledIdempotencyKeys"/> tells.</summary>
    public static (TenantId Tenant, int Conversation) ReadScheduledIdempotencyKeys(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2]));
    }
}
