using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>Reads the issuers of access tokens in the settings: <c>Auth__Issuers__N__…</c>, N = 0 and so on.</summary>
internal static class IssuerSettings
{
    private const string Section = "Auth:Issuers";

    /// <summary>Every instance reads the keys of each.</summary>
    private const int MaxIssuers = 20;

    private static readonly string[] Names =
    [
        "Issuer", "Metadata", "Audiences", "Algorithms", "Types", "ScopeClaim", "RolesClaim", "TenantClaim", "Tenants",
        "ActorClaim",
    ];

    /// <exception cref="StartUpException">A setting is missing, unknown or malformed.</exception>
    public static IReadOnlyList<TokenIssuer> Read(IConfiguration configuration)
    {
        List<TokenIssuer> issuers =
            [.. configuration.GetSection(Section).GetChildren().Where(HasValues).Select(Read)];
        if (issuers.Count > MaxIssuers)
        {
            throw new StartUpException(
                $"Auth__Issuers has {issuers.Count} issuers; at most {MaxIssuers} are accepted.");
        }

        if (issuers.Exists(one => one.Name == TokenClaims.Issuer))
        {
            throw new StartUpException($"Auth__Issuers must not have the issuer {TokenClaims.Issuer}: it is Parley.");
        }

        var twice = issuers.GroupBy(one => one.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? issuers
            : throw new StartUpException($"Auth__Issuers has the issuer {twice.Key} twice; each needs another.");
    }

    /// <summary>Deployments may state all settings of an issuer as empty texts.</summary>
    private static bool HasValues(IConfigurationSection one) => one.GetChildren().Any()
        ? one.GetChildren().Any(setting => !string.IsNullOrEmpty(setting.Value))
        : !string.IsNullOrEmpty(one.Value);

    private static TokenIssuer Read(IConfigurationSection one)
    {
        CheckNames(one);
        var name = Text(one, "Issuer") ?? throw Invalid(one, "Issuer", "be set: the claim iss of the tokens, exactly");
        var (tenantClaim, tenants) = (Text(one, "TenantClaim"), ReadTenants(one));
        if (tenantClaim is null && tenants is null)
        {
            throw Invalid(
                one, "Tenants", "be set when TenantClaim is not: otherwise no token would reach a tenant");
        }

        var issuer = new TokenIssuer(name)
        {
            Metadata = ReadMetadata(one, name),
            Audiences = ReadList(one, "Audiences")
                ?? throw Invalid(one, "Audiences", "be set: the claim aud of tokens for this service"),
            RolesClaim = Text(one, "RolesClaim"),
            TenantClaim = tenantClaim,
            Tenants = tenants,
        };
        return issuer with
        {
            Algorithms = ReadAlgorithms(one) ?? issuer.Algorithms,
            Types = ReadList(one, "Types") ?? issuer.Types,
            ScopeClaim = Text(one, "ScopeClaim") ?? issuer.ScopeClaim,
            ActorClaim = Text(one, "ActorClaim") ?? issuer.ActorClaim,
        };
    }

    /// <summary>A misspelt name would be a check that is not made.</summary>
    private static void CheckNames(IConfigurationSection one)
    {
        var settings = one.GetChildren().ToList();
        var unknown = settings.Find(setting => !Names.Contains(setting.Key, StringComparer.OrdinalIgnoreCase));
        if (unknown is not null || settings.Count == 0)
        {
            throw new StartUpException(
                $"There is no setting {NameOf(one, unknown?.Key)}: after {NameOf(one, "")} comes "
                + $"{string.Join(", ", Names)}.");
        }
    }

    /// <summary>
    /// The address of the issuer's configuration. Whoever answers there chooses who may call, so it is https; http only
    /// on this machine.
    /// </summary>
    private static Uri ReadMetadata(IConfigurationSection one, string issuer)
    {
        var text = Text(one, "Metadata") ?? $"{issuer.TrimEnd('/')}/.well-known/openid-configuration";
        return HttpUrl.HasForm(text)
            && !HttpUrl.HasUserInfo(text)
            && HttpUrl.TryParse(text, out var address)
            && (address.Scheme == Uri.UriSchemeHttps || address.IsLoopback)
            ? address
            : throw Invalid(
                one,
                "Metadata",
                "be an https URL (http for this machine only). Without it, it is the issuer with "
                    + "/.well-known/openid-configuration");
    }

    private static string[]? ReadAlgorithms(IConfigurationSection one)
    {
        var named = ReadList(one, "Algorithms");
        return named?.All(TokenIssuer.KnownAlgorithms.Contains) is not false
            ? named
            : throw Invalid(one, "Algorithms", $"be some of {string.Join(", ", TokenIssuer.KnownAlgorithms)}");
    }

    private static HashSet<TenantId>? ReadTenants(IConfigurationSection one) => Text(one, "Tenants") switch
    {
        null => null,
        var text when TenantId.TryParseList(text, out var tenants) => tenants,
        _ => throw Invalid(one, "Tenants", "be numbers of tenants, separated by commas"),
    };

    private static string[]? ReadList(IConfigurationSection one, string setting)
    {
        var parts = Text(one, setting)?.Split(',', StringSplitOptions.TrimEntries);
        return parts is null || parts.All(part => part.Length > 0)
            ? parts
            : throw Invalid(one, setting, "be texts, separated by commas");
    }

    private static string? Text(IConfigurationSection one, string setting) =>
        one[setting] is { Length: > 0 } text ? text : null;

    private static StartUpException Invalid(IConfigurationSection one, string setting, string must) =>
        new($"{NameOf(one, setting)} must {must}.");

    private static string NameOf(IConfigurationSection one, string? setting) =>
        $"Auth__Issuers__{one.Key}" + (setting is null ? "" : $"__{setting}");
}
