using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Parley.Tenants.Audit;

namespace Parley.Tenants;

/// <summary>
/// Creates, rotates and revokes API keys. The key's row in the tenant's list is written first, in one transaction with
/// the audit entry, and decides; the row of the table Keys, without which nobody finds it, follows. So a key is never
/// usable without being listed, and a revoked key does not come back, whatever process ends in between.
/// </summary>
public sealed class ApiKeyWriter(
    ParleyTables tables,
    TenantReader tenants,
    ApiKeyReader reader,
    TenantCounters counters,
    OptimisticUpdate edits,
    AuditLog log,
    ObjectLog changes,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>The longest time for which a rotated key stays valid.</summary>
    public static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(30);

    /// <summary>The time for which a rotated key stays valid, unless the request states another.</summary>
    public static readonly TimeSpan DefaultOverlap = TimeSpan.FromDays(1);

    /// <param name="expiresAt">Null for a key that does not expire.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TenantNotFound"/>, <see cref="ErrorCode.TenantStatus"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (a key may be listed; nobody has its text).
    /// </exception>
    public async Task<NewApiKey> CreateAsync(
        TenantId tenant,
        string label,
        Scopes scopes,
        Dialect dialect,
        DateTimeOffset? expiresAt,
        AuditOrigin origin,
        CancellationToken cancellation)
    {
        var text = ApiKeyToken.Create(random);
        var draft = new ApiKey
        {
            Tenant = tenant,
            Number = 0,
            Label = label,
            Scopes = scopes,
            Dialect = dialect,
            CreatedAt = time.NowInMilliseconds(),
            ExpiresAt = expiresAt,
            Hash = ApiKeyToken.Hash(text),
        };
        var audit = log.Begin(tenant, origin, AuditAction.KeyCreated, "");
        var created = await AddAsync(
            tenant,
            origin,
            (number, _) => Task.FromResult(
                new Insertion(draft with { Number = number }, [audit.ToAction(AuditEntry.OfKey(number))])),
            cancellation);
        await tables.Keys.UpsertEntityAsync(ApiKeyRow.Create(created), TableUpdateMode.Replace, cancellation);
        return new NewApiKey(created, text);
    }

    /// <summary>
    /// Creates a key with the label, the scopes and the dialect of another one, which stays valid for the overlap. The new key
    /// expires after the same lifetime, unless <paramref name="expiresAt"/> states another time, and not after the end
    /// that the caller may give.
    /// </summary>
    /// <param name="permitted">What the caller may give; the key must not have other scopes.</param>
    /// <param name="overlap">0 to <see cref="MaxOverlap"/>. It never makes a key valid for longer.</param>
    /// <exception cref="ParleyException">
    /// As of <see cref="CreateAsync"/>, and <see cref="ErrorCode.KeyNotFound"/>, <see cref="ErrorCode.KeyStatus"/> (it
    /// is revoked, expired or replaced), <see cref="ErrorCode.ScopeMissing"/>.
    /// </exception>
    public async Task<RotatedApiKey> RotateAsync(
        TenantId tenant,
        int number,
        KeyGrant permitted,
        TimeSpan overlap,
        DateTimeOffset? expiresAt,
        AuditOrigin origin,
        CancellationToken cancellation)
    {
        var (text, at) = (ApiKeyToken.Create(random), time.NowInMilliseconds());
        var audit = log.Begin(tenant, origin, AuditAction.KeyRotated, AuditEntry.OfKey(number));
        ApiKey? replaced = null;
        var created = await AddAsync(
            tenant,
            origin,
            async (next, writeId) =>
            {
                var old = await reader.GetAsync(tenant, number, cancellation);
                RequireRotatable(old, permitted.Scopes, at, writeId);
                replaced = old with
                {
                    ReplacedAt = at + overlap,
                    ReplacedBy = next,
                    Revision = old.Revision + 1,
                    EditId = writeId,
                };
                return new Insertion(
                    new ApiKey
                    {
                        Tenant = tenant,
                        Number = next,
                        Label = old.Label,
                        Scopes = old.Scopes,
                        Dialect = old.Dialect,
                        CreatedAt = at,
                        ExpiresAt = permitted.Bound(expiresAt ?? old.EndOfLifetimeFrom(at)),
                        Hash = ApiKeyToken.Hash(text),
                    },
                    [
                        new(TableTransactionActionType.UpdateMerge, ApiKeyListRow.Edit(replaced), old.ETag),
                        Entry(replaced, ChangeType.KeyRotated),
                        audit.ToAction(),
                    ],
                    Replaced: number);
            },
            cancellation);
        await tables.Keys.UpsertEntityAsync(ApiKeyRow.Create(created), TableUpdateMode.Replace, cancellation);
        await ShortenAsync(replaced!, cancellation);
        return new RotatedApiKey(created, text, replaced!);
    }

    /// <summary>
    /// Revokes a key: it is refused everywhere within <see cref="CredentialCache.CacheTime"/>. Repeating it changes
    /// nothing.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.KeyNotFound"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/>.
    /// </exception>
    public async Task<ApiKey> RevokeAsync(
        TenantId tenant, int number, AuditOrigin origin, CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        var audit = log.Begin(tenant, origin, AuditAction.KeyRevoked, AuditEntry.OfKey(number));

        if (origin.Actor != AuditActor.Administrator)
        {
            // Once, not before each attempt: a key that revokes itself is no longer valid after the first.
            await RequireCallerAsync(await tenants.GetAsync(tenant, cancellation), origin, writeId: null, cancellation);
        }

        var revoked = await OrNotFoundAsync(() => edits.WriteAsync(
            tables.Tenants,
            $"{tenant.PartitionKey}|{AdministrationRowKeys.ApiKey(number)}",
            token => reader.GetAsync(tenant, number, token),
            key => new RowVersion(key.Revision, key.EditId, key.ETag),
            (key, editId, _) => Task.FromResult(Revocation(key, at, editId, audit)),
            cancellation));

        // The list's row refuses the key already. Versions before 0.3.0 read only this one. Also of a key that was
        // revoked before: the process that did so may have ended before this call.
        await tables.Keys.DeleteEntityAsync(
            AdministrationRowKeys.ApiKeyPartition(revoked.Hash), revoked.Hash, ETag.All, cancellation);
        return revoked;
    }

    private Edit<ApiKey> Revocation(ApiKey key, DateTimeOffset at, string editId, AuditRecord audit)
    {
        if (key.RevokedAt is not null)
        {
            return new Edit<ApiKey>(key, []);
        }

        var revoked = key with { RevokedAt = at, Revision = key.Revision + 1, EditId = editId };
        return new Edit<ApiKey>(
            revoked,
            [
                new(TableTransactionActionType.UpdateMerge, ApiKeyListRow.Edit(revoked), key.ETag),
                Entry(revoked, ChangeType.KeyRevoked),
                audit.ToAction(),
            ]);
    }

    /// <param name="writeId">An earlier attempt of this write may be stored by now; its counter shows that.</param>
    private static void RequireRotatable(ApiKey key, Scopes permitted, DateTimeOffset now, string writeId)
    {
        if (key.EditId == writeId)
        {
            return;
        }

        if ((key.Scopes & ~permitted) is var missing and not Scopes.None)
        {
            throw ErrorCode.ScopeMissing.With(
                $"The caller lacks scopes of the key to rotate: {string.Join(", ", missing.Names())}.");
        }

        if (!key.IsUsable(now))
        {
            throw ErrorCode.KeyStatus.With("The API key is revoked or expired. Create a new one.");
        }

        if (key.ReplacedBy is { } successor)
        {
            // A second successor would be a valid key that the list does not connect with this one.
            throw ErrorCode.KeyStatus.With($"The API key has a successor: {successor}. Rotate that one.");
        }
    }

    private static async Task<T> OrNotFoundAsync<T>(Func<Task<T>> write)
    {
        try
        {
            return await write();
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // The deletion of the tenant has removed the row since it was read.
            throw ApiKeyReader.NotFound();
        }
    }

    /// <summary>
    /// Refuses the change of a key that is not valid now, although an instance may still accept it for other requests:
    /// a revoked key must not make itself a successor.
    /// </summary>
    /// <param name="writeId">The id of the write, which may itself have replaced the key; null for none.</param>
    /// <returns>The key; null for the administrator and for a subject of another issuer.</returns>
    private async Task<ApiKey?> RequireCallerAsync(
        Tenant tenant, AuditOrigin origin, string? writeId, CancellationToken cancellation)
    {
        if (origin.Actor == AuditActor.Administrator)
        {
            return null;
        }

        var caller = origin.Key is { } number ? await reader.FindAsync(tenant.Id, number, cancellation) : null;
        if (origin.Key is not null
            && caller?.IsUsable(time.GetUtcNow()) is not true
            && (writeId is null || caller?.EditId != writeId))
        {
            throw Authenticator.Refused();
        }

        return tenant.State == TenantState.Active ? caller : throw Authenticator.Suspended();
    }

    /// <summary>An operation that fails when the key has changed since it was read.</summary>
    private static TableTransactionAction Unchanged(ApiKey key) =>
        new(
            TableTransactionActionType.UpdateMerge,
            new TableEntity(key.Tenant.PartitionKey, AdministrationRowKeys.ApiKey(key.Number)),
            key.ETag);

    /// <summary>Inserts a key with the tenant's next number.</summary>
    /// <param name="prepare">
    /// Returns the insertion, from the number and the id of the write; called before every attempt.
    /// </param>
    private Task<ApiKey> AddAsync(
        TenantId tenant,
        AuditOrigin origin,
        Func<int, string, Task<Insertion>> prepare,
        CancellationToken cancellation) =>
        OrNotFoundAsync(() => counters.CreateAsync(
            tenant,
            async (key, writeId, token) =>
                await reader.FindAsync(tenant, key.Number, token) is { } stored && stored.WriteId == writeId
                    ? stored
                    : null,
            async (counter, writeId, _, token) =>
            {
                var stored = await tenants.GetAsync(tenant, token);
                stored.RequireNotDeleted();
                var caller = await RequireCallerAsync(stored, origin, writeId, token);
                var number = checked((counter?.GetInt32(ApiKeyReader.Counter) ?? 0) + 1);
                var insertion = await prepare(number, writeId);
                var key = insertion.Key with { WriteId = writeId };
                List<TableTransactionAction> actions =
                [
                    .. insertion.Actions,
                    new(TableTransactionActionType.Add, ApiKeyListRow.Create(key)),
                    Entry(key, ChangeType.KeyCreated),
                ];
                if (caller is not null && insertion.Replaced != caller.Number)
                {
                    actions.Add(Unchanged(caller));
                }

                return new NumberedInsert<ApiKey>(
                    key,
                    actions,
                    new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter) { [ApiKeyReader.Counter] = number });
            },
            cancellation));

    // A new key has revision 0 in its row.
    private TableTransactionAction Entry(ApiKey key, ChangeType type) =>
        changes.Entry(key.Tenant, key.Number, type, Guid.Empty, key.Revision + 1);

    /// <summary>Gives versions before 0.3.0 the end of a rotated key, unless it was revoked in the meantime.</summary>
    private async Task ShortenAsync(ApiKey replaced, CancellationToken cancellation)
    {
        try
        {
            await tables.Keys.UpdateEntityAsync(
                ApiKeyRow.Expiry(replaced), ETag.All, TableUpdateMode.Merge, cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // Revoked: nothing is left to shorten.
        }
    }

    /// <summary>A key to insert, and the further operations of its transaction.</summary>
    /// <param name="Replaced">The number of the key that the operations change; null for none.</param>
    private sealed record Insertion(ApiKey Key, IReadOnlyList<TableTransactionAction> Actions, int? Replaced = null);
}
