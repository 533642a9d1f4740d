using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>The profile row of a tenant, in the tenant's partition.</summary>
internal static class TenantRow
{
    /// <summary>The properties of an edit, to be merged into the row.</summary>
    public static TableEntity Edit(Tenant changed)
    {
        var row = new TableEntity(changed.Id.PartitionKey, AdministrationRowKeys.Profile)
        {
            ["Name"] = changed.Name,
            ["State"] = (int)changed.State,
            ["Rev"] = changed.Revision,
            ["EditId"] = changed.EditId,
        };
        if (changed.StateAt is { } at)
        {
            row["StateAt"] = at;
        }

        return row;
    }

    public static Tenant Read(TableEntity row, TenantId tenant) =>
        new(
            tenant,
            row.GetString("Name"),
            ReadState(row),
            row.GetDateTimeOffset("CreatedAt")!.Value,
            row.GetDateTimeOffset("StateAt"))
        {
            Revision = row.GetInt32("Rev") ?? 0,
            EditId = row.GetString("EditId"),
            ETag = row.ETag,
        };

    /// <summary>Reads the state. A tenant without a profile was never complete; it is active.</summary>
    public static TenantState ReadState(TableEntity? row) =>
        (TenantState)(row?.GetInt32("State") ?? (int)TenantState.Active);
}
