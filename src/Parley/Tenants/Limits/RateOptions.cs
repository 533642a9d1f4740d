using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Tenants.Limits;

/// <summary>
/// The rates of the settings <c>Limits__Tenant__…</c>, <c>Limits__Key__…</c> and, for the tenant of a number,
/// <c>Limits__Tenants__NUMBER__…</c>. There are none unless they are set.
/// </summary>
public sealed class RateOptions
{
    private const string Section = "Limits";

    /// <summary>The names of the settings of rates; those of bounds are beside them.</summary>
    private static readonly string[] Rates = ["Tenant", "Key", "Tenants"];

    private static readonly LimitUnits[] Units =
        [.. Enum.GetValues<LimitUnits>().Where(unit => unit != LimitUnits.None)];

    private readonly IReadOnlyList<LimitPolicy> ofEach;
    private readonly Dictionary<TenantId, IReadOnlyList<LimitPolicy>> ofTenants = [];

    private RateOptions(IReadOnlyDictionary<LimitUnits, Rate?> tenant, IReadOnlyDictionary<LimitUnits, Rate?> key)
    {
        (Tenant, Key) = (tenant, key);
        ofEach = Policies(tenant, key);
    }

    private IReadOnlyDictionary<LimitUnits, Rate?> Tenant { get; }

    private IReadOnlyDictionary<LimitUnits, Rate?> Key { get; }

    /// <exception cref="StartUpException">
    /// A setting is no rate, or names no tenant, no unit or nothing that has a limit.
    /// </exception>
    public static RateOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        CheckNames(section);
        var options = new RateOptions(ReadRates(section.GetSection("Tenant")), ReadRates(section.GetSection("Key")));
        foreach (var one in section.GetSection("Tenants").GetChildren())
        {
            if (!int.TryParse(one.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number is < 1 or > TenantId.Max)
            {
                throw new StartUpException(
                    $"{NameOf(one)} must name a tenant by its number, 1 to {TenantId.Max}: "
                    + "Limits__Tenants__7__Requests.");
            }

            var own = ReadRates(one);
            var merged = options.Tenant.Concat(own).GroupBy(rate => rate.Key, rate => rate.Value)
                .ToDictionary(rate => rate.Key, rate => rate.Last());
            options.ofTenants[new TenantId(number)] = Policies(merged, options.Key);
        }

        return options;
    }

    /// <summary>The policies of a tenant and its keys; the same list at every call.</summary>
    public IReadOnlyList<LimitPolicy> Of(TenantId tenant) => ofTenants.GetValueOrDefault(tenant, ofEach);

    /// <summary>A misspelt name would be a limit that does not hold.</summary>
    private static void CheckNames(IConfigurationSection section)
    {
        string[] names = [.. Rates, .. BoundOptions.Names];
        if (section.GetChildren().FirstOrDefault(one => !names.Contains(one.Key, StringComparer.OrdinalIgnoreCase))
            is { } unknown)
        {
            throw new StartUpException(
                $"There is no setting {NameOf(unknown)}: after {Section}__ comes {string.Join(", ", names)}.");
        }
    }

    private static Dictionary<LimitUnits, Rate?> ReadRates(IConfigurationSection section)
    {
        var rates = new Dictionary<LimitUnits, Rate?>();
        foreach (var one in section.GetChildren())
        {
            var unit = Array.Find(Units, unit => $"{unit}".Equals(one.Key, StringComparison.OrdinalIgnoreCase));
            if (unit == LimitUnits.None)
            {
                throw new StartUpException(
                    $"There is no setting {NameOf(one)}: limits count {string.Join(", ", Units)}.");
            }

            if (one.Value is { Length: > 0 } text)
            {
                rates[unit] = Rate.TryParse(text, out var rate)
                    ? rate
                    : throw new StartUpException($"{NameOf(one)} must be {Rate.Format}.");
            }
        }

        return rates;
    }

    private static List<LimitPolicy> Policies(
        IReadOnlyDictionary<LimitUnits, Rate?> tenant, IReadOnlyDictionary<LimitUnits, Rate?> key) =>
    [
        .. Policies("tenant", isOfKey: false, tenant),
        .. Policies("key", isOfKey: true, key),
    ];

    private static IEnumerable<LimitPolicy> Policies(
        string owner, bool isOfKey, IReadOnlyDictionary<LimitUnits, Rate?> rates) =>
        from unit in Units
        let rate = rates.GetValueOrDefault(unit)
        where rate is not null
        select new LimitPolicy($"{owner}-{unit.ToString().ToLowerInvariant()}", unit, isOfKey, rate.Value);

    private static string NameOf(IConfigurationSection section) =>
        section.Path.Replace(":", "__", StringComparison.Ordinal);
}
