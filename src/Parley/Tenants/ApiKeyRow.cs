using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>A row of the table Keys.</summary>
internal static class ApiKeyRow
{
    /// <summary>
    /// Absent in rows of 0.2.0 and before, whose <c>assistants:write</c> includes <c>assistants:use</c>.
    /// </summary>
    private const string ScopesAreExact = "ScopesAreExact";

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
            [ScopesAreExact] = true,
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
            ReadScopes(row));

    public static DateTimeOffset ReadExpiry(TableEntity row) =>
        row.GetDateTimeOffset("ExpiresAt") ?? DateTimeOffset.MaxValue;

    private static Scopes ReadScopes(TableEntity row)
    {
        var scopes = (Scopes)row.GetInt32("Scopes")!.Value;
        return scopes.HasFlag(Scopes.AssistantsWrite) && row.GetBoolean(ScopesAreExact) is null
            ? scopes | Scopes.AssistantsUse
            : scopes;
    }
}
