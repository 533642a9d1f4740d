using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Functions.Observability;

/// <summary>
/// The tenants whose requests are counted one by one: those that the setting lists, so that the number of time series
/// is bounded. All others are counted together.
/// </summary>
public sealed class MeasuredTenants
{
    private const string Setting = "Telemetry__Tenants";
    private const string Others = "other";

    private readonly Dictionary<TenantId, string> names;

    private MeasuredTenants(IEnumerable<TenantId> tenants) => names = tenants.ToDictionary(
        tenant => tenant, tenant => tenant.Number.ToString(CultureInfo.InvariantCulture));

    /// <exception cref="StartUpException">The setting is no list of tenants.</exception>
    public static MeasuredTenants Read(IConfiguration configuration) => configuration["Telemetry:Tenants"] switch
    {
        null or "" => new MeasuredTenants([]),
        var text when TenantId.TryParseList(text, out var tenants) => new MeasuredTenants(tenants),
        _ => throw new StartUpException($"{Setting} must be numbers of tenants, separated by commas; none by default."),
    };

    /// <summary>The value of the tag <c>parley.tenant</c>; null when no tenant is listed.</summary>
    public string? NameOf(TenantId tenant) =>
        names.Count == 0 ? null : names.GetValueOrDefault(tenant, Others);
}
