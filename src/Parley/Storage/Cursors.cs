using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// Cursors: a position in a list, signed (HMAC-SHA256, cut to 128 bits as RFC 2104, section 5 allows), and bound to a tenant and a query.
/// One key for all instances, made by the first that needs it.
/// </summary>
public sealed class Cursors(ParleyTables tables, RandomSource random)
{
    private const int TagLength = 16;
    private const int MaxLength = 4096;

    private byte[]? known;

    /// <summary>The cursor of a position.</summary>
    /// <param name="tenant">Whose list.</param>
    /// <param name="query">Which list, and everything that decides what is in it.</param>
    /// <param name="position">Where in it.</param>
    /// <param name="cancellation">Ends the look-up of the key.</param>
    internal async Task<string> SealAsync(TenantId tenant, string query, byte[] position, CancellationToken cancellation)
    {
        var key = await KeyAsync(cancellation);
        return Base64Url.EncodeToString([.. position, .. Tag(key, tenant, query, position)]);
    }

    /// <summary>The position of a cursor.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>: altered, or of another tenant or query.</exception>
    internal async Task<byte[]> OpenAsync(TenantId tenant, string query, string cursor, CancellationToken cancellation)
    {
        if (cursor.Length <= MaxLength && Base64Url.IsValid(cursor))
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            var position = bytes.AsSpan(0, Math.Max(0, bytes.Length - TagLength)).ToArray();
            var key = await KeyAsync(cancellation);

            // The decoder passes over blanks and padding; a cursor has one spelling.
            if (Base64Url.EncodeToString(bytes) == cursor && CryptographicOperations.FixedTimeEquals(bytes.AsSpan(position.Length), Tag(key, tenant, query, position)))
            {
                return position;
            }
        }

        throw Invalid();
    }

    /// <summary>For a list that has one page, and so gave out no cursor.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public static void RequireNone(string? cursor)
    {
        if (cursor is not null)
        {
            throw Invalid();
        }
    }

    /// <summary>The cursor of a position that is one number.</summary>
    internal Task<string> SealNumberAsync(TenantId tenant, string query, int number, CancellationToken cancellation)
    {
        var position = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(position, number);
        return SealAsync(tenant, query, position, cancellation);
    }

    /// <summary>The number of such a cursor; null without one.</summary>
    internal async Task<int?> OpenNumberAsync(TenantId tenant, string query, string? cursor, CancellationToken cancellation) =>
        cursor is null ? null : BinaryPrimitives.ReadInt32BigEndian(await OpenAsync(tenant, query, cursor, cancellation));

    private static ParleyException Invalid() => ErrorCode.InvalidCursor.With("The cursor is not one that this list gave out. Begin again without one.");

    private static byte[] Tag(byte[] key, TenantId tenant, string query, byte[] position) =>
        HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes($"{tenant.Number}|{query.Length}|{query}|"), .. position])[..TagLength];

    private async Task<byte[]> KeyAsync(CancellationToken cancellation) => known ??= await FindKeyAsync(cancellation) ?? await MakeKeyAsync(cancellation);

    private async Task<byte[]?> FindKeyAsync(CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(TenantRowKeys.AdministrationPartition, TenantRowKeys.CursorSecret, cancellation) is { } row
            ? Convert.FromBase64String(row.GetString("Secret"))
            : null;

    private async Task<byte[]> MakeKeyAsync(CancellationToken cancellation)
    {
        var secret = new byte[32];
        random.Fill(secret);
        try
        {
            await tables.Tenants.AddEntityAsync(
                new TableEntity(TenantRowKeys.AdministrationPartition, TenantRowKeys.CursorSecret) { ["Secret"] = Convert.ToBase64String(secret) }, cancellation);
            return secret;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // Another instance was first, or an earlier send of this call whose answer was lost; what is there counts.
            return await FindKeyAsync(cancellation) ?? throw new InvalidOperationException("The key of the cursors vanished.", e);
        }
    }
}
