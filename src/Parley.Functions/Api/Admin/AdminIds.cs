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

    /// <summary>Parses a tenant's number in its one valid spelling.</summary>
    public static bool TryParseTenant(string text, out TenantId tenant)
    {
        var isNumber = Ids.TryParseInteger(text, TenantId.Max, out var number);
        tenant = isNumber ? new TenantId((int)number) : default;
        return isNumber;
    }

    /// <exception cref="ParleyException"><see cref="ErrorCode.KeyNotFound"/>.</exception>
    public static int Key(string id) =>
        Ids.TryParseInteger(id, int.MaxValue, out var number) ? (int)number : throw ApiKeyReader.NotFound();
}
