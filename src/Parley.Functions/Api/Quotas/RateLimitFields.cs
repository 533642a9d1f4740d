using System.Globalization;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.Quotas;

/// <summary>
/// The header fields of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4: lists of structured fields
/// (RFC 9651), whose items are strings with parameters.
/// </summary>
internal static class RateLimitFields
{
    public const string Policy = "RateLimit-Policy";
    public const string Limit = "RateLimit";

    /// <summary><c>"tenant-requests";q=600;w=60</c> for each policy. The unit is named only for bytes.</summary>
    public static string FormatPolicies(IEnumerable<LimitPolicy> policies) =>
        string.Join(", ", policies.Select(policy => string.Create(
            CultureInfo.InvariantCulture,
            $"\"{policy.Name}\";q={policy.Rate.Count}{UnitOf(policy)};w={policy.Rate.Seconds}")));

    /// <summary><c>"tenant-requests";r=599;t=1</c> for each policy.</summary>
    public static string FormatStates(IEnumerable<QuotaState> states) => string.Join(", ", states.Select(state =>
        string.Create(
            CultureInfo.InvariantCulture, $"\"{state.Policy.Name}\";r={state.Remaining};t={state.ResetSeconds}")));

    /// <summary>
    /// The default is requests. The draft registers no unit for messages, completions and exports; each costs at least
    /// one request.
    /// </summary>
    private static string UnitOf(LimitPolicy policy) =>
        policy.Unit == LimitUnits.Bytes ? ";qu=\"content-bytes\"" : "";
}
