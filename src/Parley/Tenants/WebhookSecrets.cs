using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.Secrets;
using Parley.Tenants.Audit;

namespace Parley.Tenants;

/// <summary>A new webhook secret of a tenant.</summary>
/// <param name="WebhookSecret">Signs the tenant's webhooks from now on. Shown once.</param>
/// <param name="PreviousValidUntil">The time until which the previous secret signs them too.</param>
public sealed record RotatedWebhookSecret(TenantId Tenant, string WebhookSecret, DateTimeOffset PreviousValidUntil);

/// <summary>
/// The secrets that sign a tenant's webhooks: the current one and, for a day after its replacement, each earlier one,
/// so that a receiver has time to change its own. Several earlier secrets are kept: a rotation repeated after a lost
/// response replaces a secret that no client has seen, and must not remove the one that the receiver uses.
/// </summary>
public sealed class WebhookSecrets(
    ParleyTables tables,
    SecretSealer sealer,
    AuditLog log,
    TimeProvider time,
    RandomSource random,
    WriteBudget budget)
{
    /// <summary>The time for which a replaced secret still signs.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(1);

    /// <summary>
    /// The most replaced secrets that are kept. Each adds a signature to every webhook, which a receiver must compare.
    /// </summary>
    public const int MaxEarlier = 4;

    internal const string Current = "WebhookSecret";
    internal const string Earlier = "EarlierWebhookSecrets";

    /// <summary>
    /// Reads the secrets that sign now, the newest first: one read. None when the tenant is deleted, or when the
    /// operator has removed secrets that cannot be opened.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(TenantId tenant, CancellationToken cancellation)
    {
        var profile = await FindAsync(tenant, cancellation);
        var earlier = ReadEarlier(profile, time.GetUtcNow()).Select(one => one.Secret);
        return Open(profile, Current) is { } current ? [current, .. earlier] : [.. earlier];
    }

    /// <summary>Creates a new secret; the current one, if any, still signs for <see cref="Overlap"/>.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TenantNotFound"/>, <see cref="ErrorCode.TenantStatus"/> (it is being deleted),
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the secret was
    /// stored).
    /// </exception>
    public async Task<RotatedWebhookSecret> RotateAsync(
        TenantId tenant, AuditOrigin origin, CancellationToken cancellation)
    {
        var running = budget.Start();

        // All attempts write the same secret, by which a later read recognizes that one was stored. They write the same
        // end time too: otherwise an attempt that is stored late could have another end than the one returned.
        var rotated = new RotatedWebhookSecret(
            tenant, WebhookSecret.Create(random), time.NowInMilliseconds() + Overlap);
        var audit = log.Begin(tenant, origin, AuditAction.WebhookSecretRotated, AuditEntry.OfTenant(tenant));
        TableEntity? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var profile = await FindAsync(tenant, cancellation);
            var (current, earlier) = (Open(profile, Current), ReadEarlier(profile, time.GetUtcNow()));
            if (current == rotated.WebhookSecret || earlier.Exists(one => one.Secret == rotated.WebhookSecret))
            {
                // An earlier attempt was stored and its response was lost. Another rotation may have followed already;
                // this secret then still signs for a day.
                return rotated;
            }

            TenantRow.Read(profile, tenant).RequireNotDeleted();
            if (tried is not null && profile.ETag != tried.ETag && earlier.Count < MaxEarlier)
            {
                // Another rotation wrote first, so no attempt of this one can be stored any more. With a full list this
                // is not known: the list may have contained this secret and dropped it again.
                running.NothingLanded();
            }

            EarlierSecret[] kept =
                current is null ? [.. earlier] : [new(current, rotated.PreviousValidUntil), .. earlier];
            var row = new TableEntity(profile.PartitionKey, profile.RowKey)
            {
                [Current] = sealer.Seal(rotated.WebhookSecret, Place(tenant, Current)),
                [Earlier] = sealer.Seal(
                    JsonSerializer.Serialize(
                        kept[..Math.Min(kept.Length, MaxEarlier)], EarlierSecretJson.Default.EarlierSecretArray),
                    Place(tenant, Earlier)),
            };
            try
            {
                await running.SendAsync(
                    token => tables.Tenants.SubmitAsync(
                        [
                            new(TableTransactionActionType.UpdateMerge, row, profile.ETag),
                            audit.ToAction(),
                        ],
                        token),
                    cancellation);
                return rotated;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = running.MayHaveLanded ? profile : null;
            }
        }
    }

    /// <summary>
    /// Opens a tenant's secrets, and stores them in the form in which they are written now, unless they have that form.
    /// </summary>
    /// <exception cref="SealedSecretException">A secret cannot be opened.</exception>
    /// <exception cref="Azure.RequestFailedException">
    /// Storage failed, or another call has changed the row.
    /// </exception>
    internal async Task ResealAsync(TenantId tenant, CancellationToken cancellation)
    {
        var profile = await tables.Tenants.FindAsync(
            tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation);
        var row = new TableEntity(tenant.PartitionKey, AdministrationRowKeys.Profile);
        foreach (var property in (string[])[Current, Earlier])
        {
            if (profile is not null && Open(profile, property) is { } secret
                && !sealer.IsCurrent(profile.GetString(property)))
            {
                row[property] = sealer.Seal(secret, Place(tenant, property));
            }
        }

        if (row.StoredProperties().Any())
        {
            await tables.Tenants.UpdateEntityAsync(row, profile!.ETag, TableUpdateMode.Merge, cancellation);
        }
    }

    private async Task<TableEntity> FindAsync(TenantId tenant, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation)
        ?? throw TenantReader.NotFound();

    /// <summary>The place of a property of a tenant's profile.</summary>
    internal static SecretPlace Place(TenantId tenant, string property) =>
        new(nameof(ParleyTables.Tenants), tenant.PartitionKey, AdministrationRowKeys.Profile, property);

    /// <summary>Reads a property that contains secrets; null when the profile lacks it.</summary>
    private string? Open(TableEntity profile, string property) =>
        profile.GetString(property) is { } stored
            ? sealer.Open(
                stored, new SecretPlace(nameof(ParleyTables.Tenants), profile.PartitionKey, profile.RowKey, property))
            : null;

    /// <summary>The replaced secrets that are still valid, the newest first.</summary>
    private List<EarlierSecret> ReadEarlier(TableEntity profile, DateTimeOffset now) =>
        Open(profile, Earlier) is { } json
            ?
            [
                .. JsonSerializer.Deserialize(json, EarlierSecretJson.Default.EarlierSecretArray)!
                    .Where(earlier => earlier.ValidUntil > now),
            ]
            : [];
}

/// <summary>A replaced secret.</summary>
/// <param name="ValidUntil">The time until which it signs webhooks too.</param>
internal sealed record EarlierSecret(string Secret, DateTimeOffset ValidUntil);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EarlierSecret[]))]
internal sealed partial class EarlierSecretJson : JsonSerializerContext;
