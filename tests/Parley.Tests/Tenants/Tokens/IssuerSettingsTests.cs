using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Tenants.Tokens;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

public sealed class IssuerSettingsTests
{
    private static readonly (string, string?)[] Least =
        [("Issuer", "https://issuer.example"), ("Audiences", "api://parley"), ("Tenants", "1")];

    /// <summary>Reads the settings of one issuer.</summary>
    internal static IReadOnlyList<TokenIssuer> Read(params (string Name, string? Value)[] settings) =>
        IssuerSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(one => $"Auth:Issuers:0:{one.Name}", one => one.Value))
            .Build());

    [Fact]
    public void The_least_settings_have_the_strict_defaults()
    {
        var issuer = Assert.Single(Read(Least));
        Assert.Equal("https://issuer.example/.well-known/openid-configuration", issuer.Metadata!.AbsoluteUri);
        Assert.Equal(["at+jwt"], issuer.Types);
        Assert.Equal(["RS256", "PS256", "ES256"], issuer.Algorithms);
        Assert.Equal(("scope", null, null, "sub"), (issuer.ScopeClaim, issuer.RolesClaim, issuer.TenantClaim, issuer.ActorClaim));
        Assert.Equal([new TenantId(1)], issuer.Tenants!);
    }

    [Fact]
    public void All_settings_are_read()
    {
        var issuer = Assert.Single(Read(
            ("Issuer", "urn:example"), ("Metadata", "https://issuer.example/x"), ("Audiences", "a, b"), ("Algorithms", "ES256,ES384"),
            ("Types", "JWT,at+jwt"), ("ScopeClaim", "scp"), ("RolesClaim", "roles"), ("TenantClaim", "t"), ("ActorClaim", "name")));
        Assert.Equal(["a", "b"], issuer.Audiences);
        Assert.Equal(["ES256", "ES384"], issuer.Algorithms);
        Assert.Equal(["JWT", "at+jwt"], issuer.Types);
        Assert.Equal(("scp", "roles", "t", "name"), (issuer.ScopeClaim, issuer.RolesClaim, issuer.TenantClaim, issuer.ActorClaim));
        Assert.Null(issuer.Tenants);
    }

    [Fact]
    public void Without_issuers_there_are_none()
    {
        Assert.Empty(Read());
        Assert.Empty(Read(("Issuer", ""), ("Audiences", "")));
    }

    [Theory]
    [InlineData("Issuer", "", "Auth__Issuers__0__Issuer must be set")]
    [InlineData("Issuer", "urn:parley", "it is Parley")]
    [InlineData("Issuer", "urn:example", "Auth__Issuers__0__Metadata must be an https URL")]
    [InlineData("Metadata", "http://issuer.example/x", "Auth__Issuers__0__Metadata must be an https URL")]
    [InlineData("Metadata", "https://user:pass@issuer.example/x", "Auth__Issuers__0__Metadata must be an https URL")]
    [InlineData("Audiences", "", "Auth__Issuers__0__Audiences must be set")]
    [InlineData("Audiences", "a,,b", "Auth__Issuers__0__Audiences must be texts")]
    [InlineData("Algorithms", "HS256", "Auth__Issuers__0__Algorithms must be some of RS256")]
    [InlineData("Algorithms", "none", "Auth__Issuers__0__Algorithms must be some of RS256")]
    [InlineData("Tenants", "", "Auth__Issuers__0__Tenants must be set when TenantClaim is not")]
    [InlineData("Tenants", "1,x", "Auth__Issuers__0__Tenants must be numbers of tenants")]
    [InlineData("Audience", "a", "There is no setting Auth__Issuers__0__Audience")]
    public void A_wrong_setting_ends_the_start_with_its_name(string name, string value, string text)
    {
        var settings = Least.Where(one => one.Item1 != name).Append((name, value)).ToArray();
        if (value == "urn:parley")
        {
            settings = [.. settings, ("Metadata", "https://issuer.example/x")];
        }

        var failure = Assert.Throws<StartUpException>(() => Read(settings));
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "https://issuer.example", "has the issuer https://issuer.example twice")]
    [InlineData(21, "https://issuer-{0}.example", "has 21 issuers; at most 20")]
    public void Issuers_differ_and_are_bounded(int count, string name, string text)
    {
        var settings = Enumerable.Range(0, count).SelectMany(i => Least.Select(one => KeyValuePair.Create(
            $"Auth:Issuers:{i}:{one.Item1}",
            one.Item1 == "Issuer" ? string.Format(System.Globalization.CultureInfo.InvariantCulture, name, i) : one.Item2)));
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        Assert.Contains(text, Assert.Throws<StartUpException>(() => IssuerSettings.Read(configuration)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_in_place_of_the_settings_of_an_issuer_ends_the_start()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("Auth:Issuers:0", (string?)"https://issuer.example")])
            .Build();
        var failure = Assert.Throws<StartUpException>(() => IssuerSettings.Read(configuration));
        Assert.Contains("There is no setting Auth__Issuers__0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_issuer_on_this_machine_may_use_http() =>
        Assert.Equal("http", Assert.Single(Read([.. Least, ("Metadata", "http://127.0.0.1:5000/x")])).Metadata!.Scheme);
}
