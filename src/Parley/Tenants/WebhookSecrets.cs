using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Webhooks;

namespace Parley.Tenants;

/// <summary>A new webhook secret of a tenant.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="WebhookSecret">Signs its callbacks from now on. Shown once.</param>
/// <param name="PreviousValidUntil">Until when the one before it signs them too.</param>
public sealed record RotatedWebhookSecret(TenantId Tenant, string WebhookSecret, DateTimeOffset PreviousValidUntil);

/// <summary>
/// The secrets that sign a tenant's callbacks: the newest, and for a day each of those before it, so that a receiver can change its own
/// meanwhile. More than one, because a rotation that is repeated after a lost answer replaces a secret that nobody has seen, and must
/// not throw out the one that the receiver knows.
/// </summary>
public sealed class WebhookSecrets(ParleyTables tables, TimeProvider time, RandomSource random, WriteBudget budget)
{
    /// <summary>How long a replaced secret signs on.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(1);

    /// <summary>So many replaced ones are kept; each costs a receiver's attempts one more signature to look at.</summary>
    public const int MaxEarlier = 4;

    private const int SecretBytes = 32;
    private const string Current = "WebhookSecret";
    private const string Earlier = "EarlierWebhookSecrets";

    /// <summary>What signs now, the newest first: one read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(TenantId tenant, CancellationToken cancellation)
    {
        var profile = await FindAsync(tenant, cancellation);
        return [profile.GetString(Current), .. ReadEarlier(profile, time.GetUtcNow()).Select(earlier => earlier.Secret)];
    }

    /// <summary>Makes a new secret; the present one signs on for <see cref="Overlap"/>.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TenantNotFound"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was made).
    /// </exception>
    public async Task<RotatedWebhookSecret> RotateAsync(TenantId tenant, CancellationToken cancellation)
    {
        var running = budget.Start();

        // One for all tries: it is what they are recognized by. So is the end, or a late try's could be another than the one told.
        var rotated = new RotatedWebhookSecret(tenant, NewSecret(random), time.NowInMilliseconds() + Overlap);
        TableEntity? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var profile = await FindAsync(tenant, cancellation);
            var (present, earlier) = (profile.GetString(Current), ReadEarlier(profile, time.GetUtcNow()));
            if (present == rotated.WebhookSecret || earlier.Exists(one => one.Secret == rotated.WebhookSecret))
            {
                // Its answer is lost; another rotation may have followed already, after which this secret still signs for a day.
                return rotated;
            }

            if (tried is not null && profile.ETag != tried.ETag && earlier.Count < MaxEarlier)
            {
                // Another one wrote first, so that no try of this one can land. A full list might have lost this secret again.
                running.NothingLanded();
            }

            EarlierSecret[] kept = [new(present, rotated.PreviousValidUntil), .. earlier];
            var row = new TableEntity(profile.PartitionKey, profile.RowKey)
            {
                [Current] = rotated.WebhookSecret,
                [Earlier] = JsonSerializer.Serialize(kept[..Math.Min(kept.Length, MaxEarlier)], EarlierSecretJson.Default.EarlierSecretArray),
            };
            try
            {
                await running.SendAsync(token => tables.Tenants.UpdateEntityAsync(row, profile.ETag, TableUpdateMode.Merge, token), cancellation);
                return rotated;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = profile;
            }
        }
    }

    /// <summary>A new secret: 256 random bits, of the 192 to 512 that Standard Webhooks asks for.</summary>
    internal static string NewSecret(RandomSource random)
    {
        Span<byte> secret = stackalloc byte[SecretBytes];
        random.Fill(secret);
        return WebhookSignature.SecretPrefix + Convert.ToBase64String(secret);
    }

    private async Task<TableEntity> FindAsync(TenantId tenant, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation) ?? throw ErrorCode.TenantNotFound.With("There is no such tenant.");

    /// <summary>Those before the present one whose time has not ended, the newest first.</summary>
    private static List<EarlierSecret> ReadEarlier(TableEntity profile, DateTimeOffset now) =>
        profile.GetString(Earlier) is { } json
            ? [.. JsonSerializer.Deserialize(json, EarlierSecretJson.Default.EarlierSecretArray)!.Where(earlier => earlier.ValidUntil > now)]
            : [];
}

/// <summary>A secret that has been replaced.</summary>
/// <param name="Secret">The secret.</param>
/// <param name="ValidUntil">Until when it signs callbacks too.</param>
internal sealed record EarlierSecret(string Secret, DateTimeOffset ValidUntil);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EarlierSecret[]))]
internal sealed partial class EarlierSecretJson : JsonSerializerContext;
