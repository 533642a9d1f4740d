using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
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
    /// Creates a key with the label and the scopes of another one, which stays valid for the overlap. The new key
    /// expires after the same lifetime, unless <paramref name="expiresAt"/> states another time, and not after the end
    /// that the caller may give.
    /// </summary>
    /// <param name="permitted">What the caller may give; the key must not have other scopes.</param>
    /// <param name="overlap">0 to <see cref="MaxOverlap"/>. It never makes a key valid for longer.</param>
    /// <exception cref="ParleyException">
    /// As of <see cref="CreateAsync"/>, and <see cref="ErrorCode.KeyNotFound"/>, <see cref="ErrorCode.KeyStatus"/> (it
    /// is revoked, expired or has a successor), <see cref="ErrorCode.ScopeMissing"/>.
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
                RequireRotatable(old, permitted.Scopes, at);
                replaced = old with
                {
                    ReplacedAt = Earlier(old.ReplacedAt, at + overlap),
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
                        CreatedAt = at,
                        ExpiresAt = permitted.Bound(expiresAt ?? SameLifetime(old, at)),
                        Hash = ApiKeyToken.Hash(text),
                    },
                    [
                        new(TableTransactionActionType.UpdateMerge, ApiKeyListRow.Edit(replaced), old.ETag),
                        audit.ToAction(),
                    ]);
            },
            cancellation);
        await tables.Keys.UpsertEntityAsync(ApiKeyRow.Create(created), TableUpdateMode.Replace, cancellation);
        await ShortenAsync(replaced!, cancellation);
        return new RotatedApiKey(created, text, replaced!);
    }

    /// <summary>
    /// Revokes a key: it is refused everywhere within <see cref="Authenticator.CacheTime"/>. Repeating it changes
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
        var revoked = await OrNotFoundAsync(() => edits.WriteAsync(
            tables.Tenants,
            $"{tenant.PartitionKey}|{AdministrationRowKeys.ApiKey(number)}",
            async token =>
            {
                await RequireCallerAsync(tenant, origin, [], token);
                return await reader.GetAsync(tenant, number, token);
            },
            key => new RowVersion(key.Revision, key.EditId, key.ETag),
            (key, editId, _) => Task.FromResult(Revocation(key, at, editId, audit)),
            cancellation));

        // The list's row refuses the key already. Versions before 0.3.0 read only this one. Also of a key that was
        // revoked before: the process that did so may have ended before this call.
        await tables.Keys.DeleteEntityAsync(
            AdministrationRowKeys.ApiKeyPartition(revoked.Hash), revoked.Hash, ETag.All, cancellation);
        return revoked;
    }

    private static Edit<ApiKey> Revocation(ApiKey key, DateTimeOffset at, string editId, AuditRecord audit)
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
                audit.ToAction(),
            ]);
    }

    private static void RequireRotatable(ApiKey key, Scopes permitted, DateTimeOffset now)
    {
        if ((key.Scopes & ~permitted) is var missing and not Scopes.None)
        {
            throw ErrorCode.ScopeMissing.With(
                $"Your API key lacks scopes of the key to rotate: {string.Join(", ", missing.Names())}.");
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

    private static DateTimeOffset? SameLifetime(ApiKey key, DateTimeOffset from) =>
        key.ExpiresAt - key.CreatedAt is { } lifetime
            ? lifetime < DateTimeOffset.MaxValue - from ? from + lifetime : key.ExpiresAt
            : null;

    private static DateTimeOffset Earlier(DateTimeOffset? one, DateTimeOffset other) => one < other ? one.Value : other;

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
    /// <returns>
    /// An operation that fails when the key has changed since; null for the administrator and in a transaction that
    /// changes the key itself.
    /// </returns>
    private async Task<TableTransactionAction?> RequireCallerAsync(
        TenantId tenant, AuditOrigin origin, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellation)
    {
        if (origin.Key is not { } number)
        {
            return null;
        }

        var (state, caller) = (
            (await tenants.GetAsync(tenant, cancellation)).State, await reader.FindAsync(tenant, number, cancellation));
        if (caller?.IsUsable(time.GetUtcNow()) is not true)
        {
            throw Authenticator.Refused();
        }

        if (state != TenantState.Active)
        {
            throw Authenticator.Suspended();
        }

        var rowKey = AdministrationRowKeys.ApiKey(number);
        return actions.Any(action => action.Entity.RowKey == rowKey)
            ? null
            : new TableTransactionAction(
                TableTransactionActionType.UpdateMerge, new TableEntity(tenant.PartitionKey, rowKey), caller.ETag);
    }

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
                (await tenants.GetAsync(tenant, token)).RequireNotDeleted();
                var number = checked((counter?.GetInt32(ApiKeyReader.Counter) ?? 0) + 1);
                var insertion = await prepare(number, writeId);
                var key = insertion.Key with { WriteId = writeId };
                var fence = await RequireCallerAsync(tenant, origin, insertion.Actions, token);
                return new NumberedInsert<ApiKey>(
                    key,
                    [.. insertion.Actions, .. fence is null ? [] : new[] { fence }, new(TableTransactionActionType.Add, ApiKeyListRow.Create(key))],
                    new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter) { [ApiKeyReader.Counter] = number });
            },
            cancellation));

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
    private sealed record Insertion(ApiKey Key, IReadOnlyList<TableTransactionAction> Actions);
}
