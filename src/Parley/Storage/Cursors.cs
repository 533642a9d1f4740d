using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage.Secrets;

namespace Parley.Storage;

/// <summary>
/// Cursors: signed positions in a list, each valid for one tenant and one query. The signature is HMAC-SHA256,
/// truncated to 128 bits as RFC 2104, section 5 permits. The first instance that needs the key creates it for all
/// instances.
/// </summary>
public sealed class Cursors(ParleyTables tables, SecretSealer sealer, RandomSource random)
{
    private const int TagLength = 16;
    private const int MaxLength = 4096;

    private static readonly SecretPlace Place = new(
        nameof(ParleyTables.Tenants), TenantRowKeys.AdministrationPartition, TenantRowKeys.CursorSecret, "Secret");

    private byte[]? known;

    /// <summary>Returns the cursor for a position.</summary>
    /// <param name="tenant">The owner of the list.</param>
    /// <param name="query">The list, and every parameter that determines its entries.</param>
    /// <param name="position">The position in the list.</param>
    internal async Task<string> SealAsync(
        TenantId tenant, string query, byte[] position, CancellationToken cancellation)
    {
        var key = await KeyAsync(cancellation);
        return Base64Url.EncodeToString([.. position, .. Tag(key, tenant, query, position)]);
    }

    /// <summary>Returns the position in a cursor.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidCursor"/>: changed, or of another tenant or query.
    /// </exception>
    internal async Task<byte[]> OpenAsync(
        TenantId tenant, string query, string cursor, CancellationToken cancellation)
    {
        if (cursor.Length <= MaxLength && Base64Url.IsValid(cursor))
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            var position = bytes.AsSpan(0, Math.Max(0, bytes.Length - TagLength)).ToArray();
            var key = await KeyAsync(cancellation);

            // The decoder ignores blanks and padding, but a cursor has only one valid spelling: that of the encoder.
            if (Base64Url.EncodeToString(bytes) == cursor
                && CryptographicOperations.FixedTimeEquals(
                    bytes.AsSpan(position.Length), Tag(key, tenant, query, position)))
            {
                return position;
            }
        }

        throw Invalid();
    }

    /// <summary>
    /// Opens the key, and stores it in the form in which secrets are written now, unless it has that form. Cursors stay
    /// valid.
    /// </summary>
    /// <exception cref="SealedSecretException">The key cannot be opened.</exception>
    /// <exception cref="RequestFailedException">Storage failed, or another call has changed the row.</exception>
    internal async Task ResealAsync(CancellationToken cancellation)
    {
        if (await tables.Tenants.FindAsync(Place.PartitionKey, Place.RowKey, cancellation) is { } row
            && row.GetString("Secret") is { } stored
            && sealer.Open(stored, Place) is var secret
            && !sealer.IsCurrent(stored))
        {
            row["Secret"] = sealer.Seal(secret, Place);
            await tables.Tenants.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, cancellation);
        }
    }

    /// <summary>For a list with a single page, which never returns a cursor.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>: there is a cursor.</exception>
    public static void RequireNone(string? cursor)
    {
        if (cursor is not null)
        {
            throw Invalid();
        }
    }

    /// <summary><see cref="SealAsync"/> for a position that is one number.</summary>
    internal Task<string> SealNumberAsync(
        TenantId tenant, string query, int number, CancellationToken cancellation)
    {
        var position = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(position, number);
        return SealAsync(tenant, query, position, cancellation);
    }

    /// <summary><see cref="OpenAsync"/> for a position that is one number; null without a cursor.</summary>
    internal async Task<int?> OpenNumberAsync(
        TenantId tenant, string query, string? cursor, CancellationToken cancellation) =>
        cursor is null
            ? null
            : BinaryPrimitives.ReadInt32BigEndian(await OpenAsync(tenant, query, cursor, cancellation));

    private static ParleyException Invalid() =>
        ErrorCode.InvalidCursor.With("The cursor is not one that this list gave out. Begin again without one.");

    private static byte[] Tag(byte[] key, TenantId tenant, string query, byte[] position) =>
        HMACSHA256.HashData(
            key,
            (byte[])[.. Encoding.UTF8.GetBytes($"{tenant.Number}|{query.Length}|{query}|"), .. position])[..TagLength];

    private async Task<byte[]> KeyAsync(CancellationToken cancellation) =>
        known ??= await FindKeyAsync(cancellation) ?? await CreateKeyAsync(cancellation);

    private async Task<byte[]?> FindKeyAsync(CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(
            TenantRowKeys.AdministrationPartition, TenantRowKeys.CursorSecret, cancellation) is { } row
            ? Convert.FromBase64String(sealer.Open(row.GetString("Secret"), Place))
            : null;

    private async Task<byte[]> CreateKeyAsync(CancellationToken cancellation)
    {
        var secret = new byte[32];
        random.Fill(secret);
        var row = new TableEntity(TenantRowKeys.AdministrationPartition, TenantRowKeys.CursorSecret)
        {
            ["Secret"] = sealer.Seal(Convert.ToBase64String(secret), Place),
        };
        try
        {
            await tables.Tenants.AddEntityAsync(row, cancellation);
            return secret;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // Another instance stored its key first, or an earlier send of this call succeeded and its response was
            // lost. The stored key is used in both cases.
            return await FindKeyAsync(cancellation)
                ?? throw new InvalidOperationException("The key of the cursors no longer exists.", e);
        }
    }
}
