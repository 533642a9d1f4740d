using Parley.Core;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>
/// Parses ids in paths of the administration. A malformed id gives the same error as an unknown id.
/// </summary>
internal static class AdminIds
{
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public static TenantId Tenant(string id) =>
        TryParseTenant(id, out var tenant) ? tenant : throw TenantReader.NotFound();

    /// <summary>Parses a tenant's number in its one valid spelling, without leading zeros.</summary>
    public static bool TryParseTenant(string text, out TenantId tenant)
    {
        tenant = default;
        return !text.StartsWith('0') && TenantId.TryParse(text, out tenant);
    }

    /// <exception cref="ParleyException"><see cref="ErrorCode.KeyNotFound"/>.</exception>
    public static int Key(string id) =>
        Ids.TryParseInteger(id, int.MaxValue, out var number) ? (int)number : throw ApiKeyReader.NotFound();
}
