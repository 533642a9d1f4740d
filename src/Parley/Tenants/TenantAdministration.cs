using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.Secrets;
using Parley.Tenants.Audit;

namespace Parley.Tenants;

/// <summary>A new tenant.</summary>
/// <param name="WebhookSecret">Signs the tenant's webhooks; see <see cref="WebhookSecrets"/>. Shown once.</param>
public sealed record NewTenant(TenantId Tenant, string Name, string WebhookSecret, DateTimeOffset CreatedAt);

/// <summary>Creates and changes tenants.</summary>
public sealed class TenantAdministration(
    ParleyTables tables,
    TenantReader reader,
    OptimisticUpdate edits,
    AuditLog log,
    SecretSealer sealer,
    TimeProvider time,
    RandomSource random,
    WriteBudget budget)
{
    /// <summary>
    /// Creates a tenant: reserves the next number, lists it, then writes the settings with the audit entry. A crash in
    /// between leaves the number unused: a tenant without settings does not exist.
    /// </summary>
    public async Task<NewTenant> CreateTenantAsync(string name, AuditOrigin origin, CancellationToken cancellation)
    {
        var tenant = new TenantId(await CountAsync(cancellation));
        var created = new NewTenant(tenant, name, WebhookSecret.Create(random), time.NowInMilliseconds());
        var profile = new TableEntity(tenant.PartitionKey, AdministrationRowKeys.Profile)
        {
            ["Name"] = name,
            ["WebhookSecret"] = sealer.Seal(
                created.WebhookSecret, WebhookSecrets.Place(tenant, WebhookSecrets.Current)),
            ["CreatedAt"] = created.CreatedAt,
        };

        // Only this call has the number, so the same rows may be sent more than once. The list's row comes first, so
        // that no tenant is missing from the list.
        await tables.Tenants.UpsertEntityAsync(
            new TableEntity(TenantRowKeys.AdministrationPartition, AdministrationRowKeys.Tenant(tenant))
            {
                ["Name"] = name,
                ["CreatedAt"] = created.CreatedAt,
            },
            TableUpdateMode.Replace,
            cancellation);
        var audit = log.Begin(tenant, origin, AuditAction.TenantCreated, AuditEntry.OfTenant(tenant));
        await tables.Tenants.SubmitAsync(
            [new TableTransactionAction(TableTransactionActionType.UpsertReplace, profile), audit.ToAction()],
            cancellation);
        return created;
    }

    /// <summary>
    /// Renames, suspends or resumes a tenant; null keeps the value. API keys of a suspended tenant are refused within
    /// <see cref="CredentialCache.CacheTime"/>. A change to the present values writes nothing.
    /// </summary>
    /// <param name="state"><see cref="TenantState.Active"/>, <see cref="TenantState.Suspended"/> or null.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TenantNotFound"/>, <see cref="ErrorCode.TenantStatus"/> (it is being deleted),
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/>.
    /// </exception>
    public async Task<Tenant> ChangeAsync(
        TenantId tenant, string? name, TenantState? state, AuditOrigin origin, CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        var target = AuditEntry.OfTenant(tenant);
        var renamed = log.Begin(tenant, origin, AuditAction.TenantRenamed, target);
        var suspendedOrResumed = log.Begin(
            tenant,
            origin,
            state == TenantState.Suspended ? AuditAction.TenantSuspended : AuditAction.TenantResumed,
            target);
        try
        {
            return await edits.WriteAsync(
                tables.Tenants,
                $"{tenant.PartitionKey}|{AdministrationRowKeys.Profile}",
                token => reader.GetAsync(tenant, token),
                stored => new RowVersion(stored.Revision, stored.EditId, stored.ETag),
                (stored, editId, _) => Task.FromResult(EditOf(stored, editId)),
                cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // The deletion of the tenant has removed the row since it was read.
            throw TenantReader.NotFound();
        }

        Edit<Tenant> EditOf(Tenant stored, string editId)
        {
            stored.RequireNotDeleted();
            var isRenamed = name is not null && name != stored.Name;
            var isMoved = state is not null && state != stored.State;
            if (!isRenamed && !isMoved)
            {
                return new Edit<Tenant>(stored, []);
            }

            var changed = stored with
            {
                Name = name ?? stored.Name,
                State = state ?? stored.State,
                StateAt = isMoved ? at : stored.StateAt,
                Revision = stored.Revision + 1,
                EditId = editId,
            };
            List<TableTransactionAction> actions =
                [new(TableTransactionActionType.UpdateMerge, TenantRow.Edit(changed), stored.ETag)];
            if (isRenamed)
            {
                actions.Add(renamed.ToAction());
            }

            if (isMoved)
            {
                actions.Add(suspendedOrResumed.ToAction());
            }

            return new Edit<Tenant>(changed, actions);
        }
    }

    /// <summary>
    /// Increments the counter under its ETag. A lost response can leave a number unused, but no number is returned
    /// twice.
    /// </summary>
    private async Task<int> CountAsync(CancellationToken cancellation)
    {
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            var stored = await tables.Tenants.FindAsync(
                TenantRowKeys.AdministrationPartition, TenantRowKeys.Counter, cancellation);
            var number = (stored?.GetInt32(TenantReader.Counter) ?? 0) + 1;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, TenantId.Max, nameof(number));
            var row = new TableEntity(TenantRowKeys.AdministrationPartition, TenantRowKeys.Counter)
            {
                [TenantReader.Counter] = number,
            };
            try
            {
                await running.SendAsync(
                    token => stored is not null
                        ? tables.Tenants.UpdateEntityAsync(row, stored.ETag, TableUpdateMode.Merge, token)
                        : tables.Tenants.AddEntityAsync(row, token),
                    cancellation);
                return number;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                // Another call has this number, or this attempt stored it and the response was lost: try the next.
            }
        }
    }
}
