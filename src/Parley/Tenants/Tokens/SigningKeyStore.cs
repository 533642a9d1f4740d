using System.Buffers.Text;
using System.Security.Cryptography;
using Azure;
using Azure.Data.Tables;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.Secrets;

namespace Parley.Tenants.Tokens;

/// <summary>The rows of the keys that sign access tokens.</summary>
public sealed class SigningKeyStore(ParleyTables tables, SecretSealer sealer, TimeProvider time)
{
    internal const string PrivateKey = "PrivateKey";

    /// <summary>Reads all keys, the oldest first: one call.</summary>
    internal async Task<IReadOnlyList<SigningKey>> ReadAsync(CancellationToken cancellation)
    {
        var filter = Filters.Between(
            TenantRowKeys.AdministrationPartition,
            SigningKeyRowKeys.SigningKeys,
            KeyParts.EndOf(SigningKeyRowKeys.SigningKeys));
        return await tables.Tenants.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)
            .Select(Read)
            .ToListAsync(cancellation);
    }

    /// <summary>
    /// Stores a new key, unless there is one of this number: then another instance was first, or an earlier attempt of
    /// this call.
    /// </summary>
    /// <param name="signsAfter">The time until it signs.</param>
    internal async Task AddAsync(int number, TimeSpan signsAfter, CancellationToken cancellation)
    {
        try
        {
            await tables.Tenants.AddEntityAsync(Create(number, time.NowInMilliseconds(), signsAfter), cancellation);
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // Every instance reads the stored one.
        }
    }

    /// <summary>Removes a key; one that another instance has removed is no error.</summary>
    internal Task RemoveAsync(SigningKey key, CancellationToken cancellation) =>
        tables.Tenants.DeleteEntityAsync(
            TenantRowKeys.AdministrationPartition, SigningKeyRowKeys.SigningKey(key.Number), ETag.All, cancellation);

    /// <summary>Returns the key with its private part.</summary>
    /// <exception cref="SealedSecretException">It cannot be opened.</exception>
    internal JsonWebKey Open(SigningKey key)
    {
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(Convert.FromBase64String(sealer.Open(key.PrivateKey, Place(key.Number))), out _);
        return key.ToJsonWebKey(Base64Url.EncodeToString(ecdsa.ExportParameters(includePrivateParameters: true).D));
    }

    /// <summary>
    /// Opens all keys, and stores them in the form in which secrets are written now, unless they have that form. Tokens
    /// stay valid.
    /// </summary>
    /// <exception cref="SealedSecretException">A key cannot be opened.</exception>
    /// <exception cref="RequestFailedException">Storage failed, or another call has changed a row.</exception>
    internal async Task ResealAsync(CancellationToken cancellation)
    {
        foreach (var key in await ReadAsync(cancellation))
        {
            var place = Place(key.Number);
            if (sealer.Open(key.PrivateKey, place) is var secret && !sealer.IsCurrent(key.PrivateKey))
            {
                var row = new TableEntity(place.PartitionKey, place.RowKey)
                {
                    [PrivateKey] = sealer.Seal(secret, place),
                };
                await tables.Tenants.UpdateEntityAsync(row, key.ETag, TableUpdateMode.Merge, cancellation);
            }
        }
    }

    private static SecretPlace Place(int number) => new(
        nameof(ParleyTables.Tenants),
        TenantRowKeys.AdministrationPartition,
        SigningKeyRowKeys.SigningKey(number),
        PrivateKey);

    private TableEntity Create(int number, DateTimeOffset now, TimeSpan signsAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var (x, y) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        var place = Place(number);
        return new TableEntity(place.PartitionKey, place.RowKey)
        {
            ["Kid"] = Thumbprint(x, y),
            ["X"] = x,
            ["Y"] = y,
            [PrivateKey] = sealer.Seal(Convert.ToBase64String(key.ExportPkcs8PrivateKey()), place),
            ["CreatedAt"] = now,
            ["SignsFrom"] = now + signsAfter,
        };
    }

    private static SigningKey Read(TableEntity row) => new()
    {
        Number = KeyParts.LastNumber(row.RowKey),
        Kid = row.GetString("Kid"),
        X = row.GetString("X"),
        Y = row.GetString("Y"),
        PrivateKey = row.GetString(PrivateKey),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        SignsFrom = row.GetDateTimeOffset("SignsFrom")!.Value,
        ETag = row.ETag,
    };

    /// <summary>The hash of the required members in their order, without spaces (RFC 7638, section 3).</summary>
    private static string Thumbprint(string x, string y) =>
        Digest.Of($$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""");
}
