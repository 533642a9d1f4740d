using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// A key's row in its tenant's partition. It decides whether the key is valid; the row of the table Keys only leads
/// from the hash to it.
/// </summary>
internal static class ApiKeyListRow
{
    public static TableEntity Create(ApiKey key)
    {
        var row = new TableEntity(key.Tenant.PartitionKey, AdministrationRowKeys.ApiKey(key.Number))
        {
            ["Hash"] = key.Hash,
            ["Label"] = key.Label,
            ["Scopes"] = (int)key.Scopes,
            ["CreatedAt"] = key.CreatedAt,
        };
        row.SetIfAny("Dialect", key.Dialect == Dialect.Parley ? null : key.Dialect.Name());
        row.SetIfAny("ExpiresAt", key.ExpiresAt);
        row.SetIfAny("WriteId", key.WriteId);
        return row;
    }

    /// <summary>The properties of an edit, to be merged into the row.</summary>
    public static TableEntity Edit(ApiKey key)
    {
        var row = new TableEntity(key.Tenant.PartitionKey, AdministrationRowKeys.ApiKey(key.Number))
        {
            ["Rev"] = key.Revision,
            ["EditId"] = key.EditId,
        };
        row.SetIfAny("RevokedAt", key.RevokedAt);
        row.SetIfAny("ReplacedAt", key.ReplacedAt);
        row.SetIfAny("ReplacedBy", key.ReplacedBy);
        return row;
    }

    /// <summary>The time of a use, to be merged into the row.</summary>
    public static TableEntity Use(TenantId tenant, int number, DateTimeOffset at) =>
        new(tenant.PartitionKey, AdministrationRowKeys.ApiKey(number)) { ["LastUsedAt"] = at };

    public static ApiKey Read(TableEntity row, TenantId tenant) => new()
    {
        Tenant = tenant,
        Number = KeyParts.LastNumber(row.RowKey),
        Hash = row.GetString("Hash"),
        Label = row.GetString("Label"),
        Scopes = (Scopes)row.GetInt32("Scopes")!.Value,
        Dialect = DialectNames.Read(row.GetString("Dialect")),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        ExpiresAt = row.GetDateTimeOffset("ExpiresAt"),
        ReplacedAt = row.GetDateTimeOffset("ReplacedAt"),
        RevokedAt = row.GetDateTimeOffset("RevokedAt"),
        LastUsedAt = row.GetDateTimeOffset("LastUsedAt"),
        ReplacedBy = row.GetInt32("ReplacedBy"),
        WriteId = row.GetString("WriteId"),
        Revision = row.GetInt32("Rev") ?? 0,
        EditId = row.GetString("EditId"),
        ETag = row.ETag,
    };
}
