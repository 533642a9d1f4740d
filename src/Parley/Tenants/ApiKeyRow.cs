using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// A row of the table Keys. Versions before 0.3.0 read only this row, so it has everything that they need.
/// </summary>
internal static class ApiKeyRow
{
    public static TableEntity Create(ApiKey key)
    {
        var row = new TableEntity(AdministrationRowKeys.ApiKeyPartition(key.Hash), key.Hash)
        {
            ["Tenant"] = key.Tenant.Number,
            ["Number"] = key.Number,
            ["Label"] = key.Label,
            ["Scopes"] = (int)key.Scopes,
            ["ScopesAreExact"] = true,
            ["CreatedAt"] = key.CreatedAt,
        };
        row.SetIfAny("Dialect", key.Dialect == Dialect.Parley ? null : key.Dialect.Name());
        row.SetIfAny("ExpiresAt", key.ExpiresAt);
        return row;
    }

    /// <summary>An earlier end of a key, to be merged into its row.</summary>
    public static TableEntity Expiry(ApiKey key) =>
        new(AdministrationRowKeys.ApiKeyPartition(key.Hash), key.Hash) { ["ExpiresAt"] = key.EndsAt };

    /// <summary>
    /// The key, as a row of a version without lists of keys describes it; as a row of this version describes it at its
    /// creation.
    /// </summary>
    public static ApiKey Read(TableEntity row) => new()
    {
        Tenant = new TenantId(row.GetInt32("Tenant")!.Value),
        Number = row.GetInt32("Number")!.Value,
        Label = row.GetString("Label"),
        Scopes = ReadScopes(row),
        Dialect = DialectNames.Read(row.GetString("Dialect")),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        ExpiresAt = row.GetDateTimeOffset("ExpiresAt"),
        Hash = row.RowKey,
    };

    /// <summary>
    /// True for a key of a version that lists its keys: without its row in the list, such a key is not valid. Keys of
    /// earlier versions are valid before <see cref="ApiKeyListing"/> has listed them.
    /// </summary>
    public static bool MustBeListed(TableEntity row) => row.GetBoolean("ScopesAreExact") is true;

    /// <summary>The scope <c>assistants:write</c> of earlier versions includes <c>assistants:use</c>.</summary>
    private static Scopes ReadScopes(TableEntity row)
    {
        var scopes = (Scopes)row.GetInt32("Scopes")!.Value;
        return scopes.HasFlag(Scopes.AssistantsWrite) && !MustBeListed(row) ? scopes | Scopes.AssistantsUse : scopes;
    }
}
