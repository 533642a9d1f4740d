using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>A row of the table Keys.</summary>
internal static class ApiKeyRow
{
    public static TableEntity Create(
        string hash,
        TenantId tenant,
        int number,
        string label,
        Scopes scopes,
        DateTimeOffset createdAt,
        DateTimeOffset? expiresAt)
    {
        var row = new TableEntity(AdministrationRowKeys.ApiKeyPartition(hash), hash)
        {
            ["Tenant"] = tenant.Number,
            ["Number"] = number,
            ["Label"] = label,
            ["Scopes"] = (int)scopes,
            ["CreatedAt"] = createdAt,
        };
        row.SetIfAny("ExpiresAt", expiresAt);
        return row;
    }

    public static Caller ReadCaller(TableEntity row) =>
        new(
            new TenantId(row.GetInt32("Tenant")!.Value),
            row.GetInt32("Number")!.Value,
            row.GetString("Label"),
            (Scopes)row.GetInt32("Scopes")!.Value);

    public static DateTimeOffset ReadExpiry(TableEntity row) =>
        row.GetDateTimeOffset("ExpiresAt") ?? DateTimeOffset.MaxValue;
}
