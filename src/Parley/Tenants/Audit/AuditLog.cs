using System.Buffers.Binary;
using System.Globalization;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants.Audit;

/// <summary>
/// The log of administrative changes. The tenant's partition contains the entries about a tenant, which the tenant can
/// read. The partition of the administration contains the entries about no tenant, and those that outlive a tenant. No
/// call of the API changes or removes an entry; only the deletion of a tenant removes the tenant's own.
/// </summary>
public sealed class AuditLog(ParleyTables tables, Cursors cursors, TimeProvider time, RandomSource random)
{
    /// <summary>The log that belongs to no tenant: no tenant has the number 0.</summary>
    public static readonly TenantId Administration;

    /// <summary>
    /// The number of earlier pages that a cursor contains. It needs them because Table Storage reads in one direction
    /// only. Further back there is no previous page.
    /// </summary>
    internal const int MaxBack = 100;

    /// <summary>The bytes of one position in a cursor: time and id, eight each.</summary>
    private const int PositionLength = 16;

    /// <summary>Stands in a cursor for all positions that it omits; no entry has this one.</summary>
    private static readonly byte[] Omitted = new byte[PositionLength];

    private readonly Lock gate = new();
    private DateTimeOffset lastAt;
    private long lastId;

    /// <summary>
    /// Begins an entry: chooses its time and its key. Call this once for a request, before the first attempt.
    /// </summary>
    /// <param name="tenant">The tenant, or <see cref="Administration"/>.</param>
    /// <param name="target">As of <see cref="AuditEntry.Target"/>.</param>
    /// <param name="omitted">As of <see cref="AuditEntry.Omitted"/>.</param>
    public AuditRecord Begin(TenantId tenant, AuditOrigin origin, AuditAction action, string target, int omitted = 0)
    {
        var at = time.NowInMilliseconds();
        return new AuditRecord(tenant, new AuditEntry(NextId(at), at, origin, action, target, omitted));
    }

    /// <summary>
    /// Writes an entry on its own, for a change in another partition: after the change, before the response. A repeated
    /// call writes the same row.
    /// </summary>
    public async Task WriteAsync(AuditRecord record, CancellationToken cancellation) =>
        await tables.Tenants.SubmitAsync([record.ToAction()], cancellation);

    /// <summary>Reads a page, newest first: one call.</summary>
    /// <param name="tenant">The tenant, or <see cref="Administration"/>.</param>
    /// <param name="cursor">Null for the newest entries.</param>
    /// <param name="pageSize">Maximum entries of the page.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ListPage<AuditEntry>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation)
    {
        const string Query = "audit";
        var starts = cursor is null ? [] : await cursors.OpenAsync(tenant, Query, cursor, cancellation);
        var filter = Filters.Between(
            tenant.PartitionKey, After(starts), KeyParts.EndOf(AuditRowKeys.AuditEntries));
        var rows = await tables.Tenants
            .QueryAsync<TableEntity>(filter, pageSize + 1, cancellationToken: cancellation)
            .Take(pageSize + 1)
            .ToListAsync(cancellation);
        var shown = rows.Take(pageSize).Select(AuditRecord.Read).ToList();
        return new ListPage<AuditEntry>(
            shown,
            rows.Count > pageSize
                ? await cursors.SealAsync(tenant, Query, Append(starts, shown[^1]), cancellation)
                : null,
            starts.Length == 0 || starts.AsSpan(..^PositionLength).SequenceEqual(Omitted)
                ? null
                : await cursors.SealAsync(tenant, Query, starts[..^PositionLength], cancellation));
    }

    /// <summary>
    /// A random id; in the millisecond of this process's last entry, the one before it, so that the later entry is
    /// listed first.
    /// </summary>
    private string NextId(DateTimeOffset at)
    {
        lock (gate)
        {
            lastId = at == lastAt && lastId > 0 ? lastId - 1 : random.NextBits(63);
            lastAt = at;
            return lastId.ToString("x16", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The key of the last entry of the previous page, or one before all entries.</summary>
    private static string After(byte[] starts)
    {
        if (starts.Length == 0)
        {
            return AuditRowKeys.AuditEntries;
        }

        var position = starts.AsSpan(^PositionLength..);
        return AuditRowKeys.AuditEntry(
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(position)),
            Convert.ToHexStringLower(position[8..]));
    }

    private static byte[] Append(byte[] starts, AuditEntry last)
    {
        var position = new byte[PositionLength];
        BinaryPrimitives.WriteInt64BigEndian(position, last.At.ToUnixTimeMilliseconds());
        Convert.FromHexString(last.Id).CopyTo(position, 8);
        byte[] all = [.. starts, .. position];
        return all.Length <= MaxBack * PositionLength ? all : [.. Omitted, .. all[^((MaxBack - 1) * PositionLength)..]];
    }
}
