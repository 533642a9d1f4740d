using Azure;
using Azure.Data.Tables;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>Helpers of the tests about the keys that sign tokens.</summary>
internal static class TokenProcess
{
    public static readonly ApiKey Key = new()
    {
        Tenant = new TenantId(7),
        Number = 3,
        Label = "Key",
        Scopes = Scopes.MessagesRead | Scopes.FollowUpsRead,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    public static async Task<StrictTables> CreateTablesAsync(TimeProvider time)
    {
        var tables = new StrictTables(time);
        await new ParleyProcess(tables.Connect("setup"), time, 1).Tables.CreateIfNotExistsAsync(CancellationToken.None);
        return tables;
    }

    public static Task<AccessToken> IssueAsync(this ParleyProcess process, ApiKey? key = null) =>
        process.TokenSigner.IssueAsync(key ?? Key, (key ?? Key).Scopes, CancellationToken.None);

    public static Task<IssuerKey?> FindAsync(this ParleyProcess process, string kid) =>
        process.SigningKeys.FindAsync(kid, CancellationToken.None);

    /// <summary>Looks for a key that does not exist, by an id that could be one.</summary>
    public static Task<IssuerKey?> FindForgedAsync(this ParleyProcess process, string name) => process.FindAsync(Digest.Of(name));

    public static async Task<IReadOnlyList<string>> KidsAsync(this ParleyProcess process) =>
        [.. (await process.SigningKeys.ListAsync(CancellationToken.None)).Select(key => key.Kid)];

    public static JsonWebToken Read(this AccessToken token) => new(token.Text);

    /// <summary>True when the library accepts the token, whatever the time.</summary>
    public static async Task<bool> VerifiesAsync(string token, IssuerKey key)
    {
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.Key,
            ValidAlgorithms = [key.Algorithm],
            ValidIssuer = TokenClaims.Issuer,
            ValidAudience = TokenClaims.Issuer,
            ValidTypes = [TokenClaims.Type],
            ValidateLifetime = false,
        });
        return result.IsValid;
    }

    /// <summary>As an operator does that withdraws a key.</summary>
    public static Task DeleteRowAsync(StrictTables tables, int number) =>
        tables.Connect("operator").ServiceClient().GetTableClient("Tenants").DeleteEntityAsync(
            TenantRowKeys.AdministrationPartition, SigningKeyRowKeys.SigningKey(number), ETag.All);

    public static async Task<IReadOnlyList<TableEntity>> ReadRowsAsync(StrictTables tables) =>
        await tables.Connect("reader").ServiceClient().GetTableClient("Tenants")
            .QueryAsync<TableEntity>(row => row.PartitionKey == TenantRowKeys.AdministrationPartition)
            .Where(row => row.RowKey.StartsWith(SigningKeyRowKeys.SigningKeys, StringComparison.Ordinal))
            .ToListAsync();
}
