using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>
/// The providers in the settings, <c>Providers__NAME__…</c>. Only the operator can set them, so an endpoint may be on a
/// private network. A provider's key is sent only to its own endpoint.
/// </summary>
public sealed class AssistantProviders
{
    /// <summary>The provider of a chatbot that does not name one.</summary>
    public const string Default = "main";

    /// <summary>The section of the settings.</summary>
    public const string Section = "Providers";

    /// <summary>The maximum length of a name, in characters.</summary>
    public const int MaxNameLength = 50;

    private const string OpenAI = "openai";
    private const string Scripted = "scripted";

    private const int DefaultIdleSeconds = 60;
    private const int MaxIdleSeconds = 120;

    private readonly Dictionary<string, AssistantProvider> providers;

    private AssistantProviders(Dictionary<string, AssistantProvider> providers) => this.providers = providers;

    /// <summary>Reads the settings.</summary>
    /// <exception cref="StartUpException">
    /// A setting is invalid. The message names the setting but never contains its value: the value may be a key that
    /// was entered in another setting by mistake.
    /// </exception>
    public static AssistantProviders Read(IConfiguration configuration, TimeProvider time) =>
        new(configuration.GetSection(Section).GetChildren()
            .Select(settings => ReadProvider(settings, time))
            .ToDictionary(provider => provider.Name));

    /// <summary>The names of the providers that a tenant may use, sorted.</summary>
    public IReadOnlyList<string> NamesFor(TenantId tenant) =>
    [
        .. providers.Values.Where(provider => provider.IsFor(tenant))
            .Select(provider => provider.Name)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Finds a provider that the tenant may use.</summary>
    public AssistantProvider? Find(TenantId tenant, string name) =>
        providers.GetValueOrDefault(name) is { } provider && provider.IsFor(tenant) ? provider : null;

    private static AssistantProvider ReadProvider(IConfigurationSection settings, TimeProvider time)
    {
        if (settings.Key.Length is 0 or > MaxNameLength
            || !settings.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            throw new StartUpException(
                $"{Section}__{settings.Key}: a provider's name must be "
                + $"1 to {MaxNameLength} of A-Z, a-z, 0-9, _ and -.");
        }

        var (idle, tenants) = (ReadIdleTimeout(settings), ReadTenants(settings));
        switch (settings["Type"])
        {
            case null or "" or OpenAI:
                var (endpoint, key, model) = (ReadEndpoint(settings), ReadKey(settings), ReadModel(settings));
                return new AssistantProvider(
                    settings.Key,
                    OpenAI,
                    model,
                    new OpenAIChatClient(endpoint, key, model, ReadCountTokens(settings), time),
                    idle,
                    tenants);
            case Scripted:
                return new AssistantProvider(
                    settings.Key, Scripted, Model: null, new ScriptedChatClient(time), idle, tenants);
            default:
                throw InvalidSetting(settings, "Type", $"be {OpenAI} or {Scripted}");
        }
    }

    private static Uri ReadEndpoint(IConfigurationSection settings) =>
        Uri.TryCreate(settings["Endpoint"], UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
        && url.Host.Length > 0
        && url.UserInfo.Length == 0
        && url.Fragment.Length == 0
        && !url.AbsolutePath.TrimEnd('/').EndsWith("/chat/completions", StringComparison.OrdinalIgnoreCase)
            ? url
            : throw InvalidSetting(
                settings,
                "Endpoint",
                "be an absolute http or https URL, without user name and fragment, "
                + "to which /chat/completions is appended");

    // A header accepts no other characters, and the message of .NET's exception would contain the key.
    private static string ReadKey(IConfigurationSection settings) =>
        settings["Key"] is { Length: > 0 } key && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw InvalidSetting(
                settings, "Key", "be set, in ASCII without spaces; for a provider that asks for none, anything");

    private static string ReadModel(IConfigurationSection settings) =>
        settings["Model"] is { } model && !string.IsNullOrWhiteSpace(model)
            ? model
            : throw InvalidSetting(settings, "Model", "be set");

    private static TimeSpan ReadIdleTimeout(IConfigurationSection settings) => settings["TimeoutSeconds"] switch
    {
        null or "" => TimeSpan.FromSeconds(DefaultIdleSeconds),
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 1 and <= MaxIdleSeconds => TimeSpan.FromSeconds(seconds),
        _ => throw InvalidSetting(settings, "TimeoutSeconds", $"be a whole number from 1 to {MaxIdleSeconds}"),
    };

    private static bool ReadCountTokens(IConfigurationSection settings) => settings["CountTokens"] switch
    {
        null or "" or "false" => false,
        "true" => true,
        _ => throw InvalidSetting(settings, "CountTokens", "be true or false"),
    };

    private static HashSet<TenantId>? ReadTenants(IConfigurationSection settings) => settings["Tenants"] switch
    {
        null or "" => null,
        var text when TenantId.TryParseList(text, out var tenants) => tenants,
        _ => throw InvalidSetting(
            settings, "Tenants", "be numbers of tenants, separated by commas; without it, all tenants"),
    };

    private static StartUpException InvalidSetting(IConfigurationSection settings, string setting, string must) =>
        new($"{Section}__{settings.Key}__{setting} must {must}.");
}
