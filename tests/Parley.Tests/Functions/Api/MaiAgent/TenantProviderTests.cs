using Parley.Tests.Functions.Api.Effort;
using Xunit;

namespace Parley.Tests.Functions.Api.MaiAgent;

/// <summary>A provider that the settings keep for other tenants does not exist for the caller's.</summary>
public class TenantProviderTests
{
    private static readonly KeyValuePair<string, string?>[] Settings =
    [
        new("Providers:secret:Type", "scripted"),
        new("Providers:secret:Tenants", "7"),
        new("Providers:mine:Type", "scripted"),
        new("Providers:mine:Tenants", "1"),
    ];

    [Fact]
    public async Task Another_tenants_provider_is_refused_as_an_unknown_one_and_not_named()
    {
        var api = await InProcessApi.StartAsync(Settings);
        Assert.Equal(1, api.Tenant.Number);

        var (status, other) = await api.SendAsync("POST", "/v1/chatbots", new { name = "Bot", provider = "secret" });
        var (_, unknown) = await api.SendAsync("POST", "/v1/chatbots", new { name = "Bot", provider = "none" });

        Assert.Equal(422, status);
        Assert.Equal("No such provider. This tenant has: main, mine.", $"{other!["errors"]!["provider"]![0]}");
        Assert.Equal($"{unknown!["errors"]}", $"{other["errors"]}");
    }

    [Fact]
    public async Task An_own_provider_is_accepted_and_a_change_to_anothers_is_refused()
    {
        var api = await InProcessApi.StartAsync(Settings);

        Assert.Equal(201, (await api.SendAsync("POST", "/v1/chatbots", new { name = "Bot", provider = "mine" })).Status);
        Assert.Equal(422, (await api.SendAsync("PATCH", "/v1/chatbots/1", new { provider = "secret" })).Status);
        Assert.Equal(200, (await api.SendAsync("PATCH", "/v1/chatbots/1", new { name = "Rob" })).Status);
    }

    [Fact]
    public async Task A_chatbot_whose_provider_its_tenant_no_longer_has_fails_as_documented()
    {
        var earlier = await InProcessApi.StartAsync(Settings);
        await earlier.SendAsync("POST", "/v1/chatbots", new { name = "Bot", provider = "mine" });
        var later = earlier.Restart([.. Settings[..3], new("Providers:mine:Tenants", "7")]);

        var (status, body) = await later.SendAsync(
            "POST", "/v1/chatbots/1/completions", new { message = new { content = "Hello" } });

        Assert.Equal((502, "unavailable"), (status, $"{body!["type"]}".Split(':')[^1]));
        Assert.DoesNotContain("mine", body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(200, (await later.SendAsync("PATCH", "/v1/chatbots/1", new { name = "Rob" })).Status);
    }
}
