using System.Globalization;

namespace Parley.Core;

/// <summary>
/// A tenant's number: 1 to 2^24 - 1, because <see cref="EntityId"/> has 24 bits for it.
/// Every partition key with customer data is built from a TenantId, so code without one cannot access customer data.
/// </summary>
public readonly record struct TenantId
{
    public const int Max = (1 << 24) - 1;

    /// <exception cref="ArgumentOutOfRangeException">The number is not 1 to <see cref="Max"/>.</exception>
    public TenantId(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, Max);
        Number = number;
    }

    /// <summary>The number that the administration API and the header X-Tenant use.</summary>
    public int Number { get; }

    /// <summary>The tenant's partition of the table Tenants: eight digits.</summary>
    public string PartitionKey => Number.ToString("D8", CultureInfo.InvariantCulture);

    /// <summary>Parses decimal digits.</summary>
    public static bool TryParse(string? text, out TenantId tenant)
    {
        var ok = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is >= 1 and <= Max;
        tenant = ok ? new TenantId(number) : default;
        return ok;
    }

    /// <summary>Parses numbers that are separated by commas, as settings have them.</summary>
    public static bool TryParseList(string text, out HashSet<TenantId> tenants)
    {
        tenants = [];
        foreach (var number in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!TryParse(number, out var tenant))
            {
                return false;
            }

            tenants.Add(tenant);
        }

        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Number.ToString(CultureInfo.InvariantCulture);
}
