using Microsoft.Extensions.Configuration;
using Parley.Assistants.Providers;
using Parley.Core;
using Xunit;

namespace Parley.Tests.Assistants.Providers;

/// <summary>The settings of providers.</summary>
public class AssistantProvidersTests
{
    private const string Key = "sk-secret-0123456789";

    private static readonly TenantId One = new(1);

    [Fact]
    public void No_provider_is_allowed()
    {
        var providers = Read();

        Assert.Empty(providers.NamesFor(One));
        Assert.Null(providers.Find(One, AssistantProviders.Default));
    }

    [Fact]
    public void The_default_type_of_a_provider_is_openai()
    {
        var main = Read(("main:Endpoint", "http://10.0.0.7:8080/v1"), ("main:Key", Key), ("main:Model", "m-1")).Find(One, "main")!;

        Assert.Equal(("main", "openai", "m-1", TimeSpan.FromSeconds(60)), (main.Name, main.Type, main.Model, main.IdleTimeout));
        Assert.IsType<OpenAIChatClient>(main.Client);
        Assert.DoesNotContain(Key, main.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_providers_each_have_their_own_settings()
    {
        var providers = Read(
            ("main:Type", "openai"), ("main:Endpoint", "https://models.example/v1?api-version=1"), ("main:Key", "none"), ("main:Model", "m-1"), ("main:TimeoutSeconds", "120"),
            ("Local_2-b:Type", "scripted"), ("Local_2-b:TimeoutSeconds", "1"),
            ("named:Type", "scripted"), ("named:Model", "parrot"), ("named:Endpoint", "ignored"));

        Assert.Equal(["Local_2-b", "main", "named"], providers.NamesFor(One));
        Assert.Equal(TimeSpan.FromSeconds(120), providers.Find(One, "main")!.IdleTimeout);
        Assert.IsType<ScriptedChatClient>(providers.Find(One, "Local_2-b")!.Client);
        Assert.Equal(TimeSpan.FromSeconds(1), providers.Find(One, "Local_2-b")!.IdleTimeout);
        Assert.Equal(("scripted", null), (providers.Find(One, "named")!.Type, providers.Find(One, "named")!.Model));
        Assert.Null(providers.Find(One, "Main"));
    }

    [Theory]
    [InlineData("Type", "OpenAI!", "be openai or scripted.")]
    [InlineData("Endpoint", null, "be an absolute http or https URL")]
    [InlineData("Endpoint", "", "be an absolute")]
    [InlineData("Endpoint", "models.example/v1", "be an absolute")]
    [InlineData("Endpoint", "/v1", "be an absolute")]
    [InlineData("Endpoint", "ftp://models.example/v1", "be an absolute")]
    [InlineData("Endpoint", "https://", "be an absolute")]
    [InlineData("Endpoint", "https://me:sk-secret-0123456789@models.example/v1", "be an absolute")]
    [InlineData("Endpoint", "https://models.example/v1#sk-secret-0123456789", "be an absolute")]
    [InlineData("Endpoint", "https://models.example/v1/chat/completions", "be an absolute")]
    [InlineData("Key", null, "be set, in ASCII")]
    [InlineData("Key", "", "be set, in ASCII")]
    [InlineData("Key", "sk-secret-0123456789\n", "be set, in ASCII")]
    [InlineData("Key", "sk-secret-0123456789 x", "be set, in ASCII")]
    [InlineData("Key", "sk-secret-0123456789é", "be set, in ASCII")]
    [InlineData("Model", null, "be set.")]
    [InlineData("Model", " ", "be set.")]
    [InlineData("TimeoutSeconds", "0", "be a whole number from 1 to 120.")]
    [InlineData("TimeoutSeconds", "121", "be a whole")]
    [InlineData("TimeoutSeconds", "1.5", "be a whole")]
    [InlineData("TimeoutSeconds", "-1", "be a whole")]
    [InlineData("TimeoutSeconds", "sk-secret-0123456789", "be a whole")]
    [InlineData("CountTokens", "sk-secret-0123456789", "be true or false.")]
    [InlineData("CountTokens", "True", "be true or false.")]
    [InlineData("CountTokens", "1", "be true or false.")]
    [InlineData("Tenants", "sk-secret-0123456789", "be numbers of tenants")]
    [InlineData("Tenants", "0", "be numbers of tenants, separated by commas; without it, all tenants.")]
    [InlineData("Tenants", "16777216", "be numbers")]
    [InlineData("Tenants", "1;2", "be numbers")]
    [InlineData("Tenants", "1,", "be numbers")]
    [InlineData("Tenants", " ", "be numbers")]
    [InlineData("Tenants", "-1", "be numbers")]
    public void An_invalid_setting_is_named_without_its_value(string name, string? value, string must)
    {
        var settings = new Dictionary<string, string?> { ["Endpoint"] = "https://models.example/v1", ["Key"] = Key, ["Model"] = "m", [name] = value };

        var e = Assert.Throws<StartUpException>(() => Read([.. settings.Select(setting => ("main:" + setting.Key, setting.Value))]));

        Assert.StartsWith($"Providers__main__{name} must {must}", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true, true)]
    [InlineData("", true, true)]
    [InlineData("1", true, false)]
    [InlineData("1,7", true, true)]
    [InlineData(" 7 , 16777215", false, true)]
    public void A_provider_exists_only_for_its_tenants(string? tenants, bool forOne, bool forSeven)
    {
        var providers = Read(("main:Type", "scripted"), ("main:Tenants", tenants), ("open:Type", "scripted"));

        Assert.Equal(forOne, providers.Find(One, "main") is not null);
        Assert.Equal(forSeven, providers.Find(new TenantId(7), "main") is not null);
        Assert.Equal(forOne ? ["main", "open"] : ["open"], providers.NamesFor(One));
        Assert.Equal(forSeven ? ["main", "open"] : ["open"], providers.NamesFor(new TenantId(7)));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("á")]
    [InlineData("a.b")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void A_provider_name_allows_few_characters(string name)
    {
        var e = Assert.Throws<StartUpException>(() => Read((name + ":Type", "scripted")));

        Assert.Equal($"Providers__{name}: a provider's name must be 1 to 50 of A-Z, a-z, 0-9, _ and -.", e.Message);
    }

    [Fact]
    public void A_provider_without_settings_is_invalid() =>
        Assert.StartsWith("Providers__main__Endpoint must", Assert.Throws<StartUpException>(() => Read(("main", "x"))).Message, StringComparison.Ordinal);

    private static AssistantProviders Read(params (string Key, string? Value)[] settings) => AssistantProviders.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create("Providers:" + setting.Key, setting.Value))).Build(),
        TimeProvider.System);
}
