using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Assistants.Completions;
using Parley.Assistants.Providers;
using Parley.Core;
using Parley.DevHost.Common;
using Parley.DevHost.Triggers;
using Parley.Exports;
using Parley.Functions;
using Parley.Storage;
using Parley.Storage.Secrets;
using Parley.Tenants.Limits;
using Parley.Testing.OpenApi;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Infrastructure;

/// <summary>
/// Compares <c>docs/settings.schema.json</c> with the code: the settings that it names, and the values that both
/// refuse.
/// </summary>
public class SettingsSchemaTests
{
    /// <summary>Settings of the Functions host and of OpenTelemetry, which the app need not read.</summary>
    private static readonly string[] OfTheHost =
    [
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsStorage__credential",
        "AzureWebJobs.FollowUpsDue.Disabled",
        "FUNCTIONS_WORKER_RUNTIME",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ];

    private static readonly JsonObject Schema = ReadObject("docs", "settings.schema.json");
    private static readonly JsonObject Sample = ReadObject("local.settings.sample.json")["Values"]!.AsObject();
    private static readonly SchemaValidator Validator = new(Schema);

    [Fact]
    public async Task The_schema_names_every_setting_that_the_code_reads_and_no_other()
    {
        // When the addresses of the services are set, the account's name is not read.
        var byName = GoldenFiles.Everything.AppSettings
            .Where(setting => !setting.Key.EndsWith("ServiceUri", StringComparison.Ordinal))
            .Append(KeyValuePair.Create("AzureWebJobsStorage__accountName", "parley"))
            .ToDictionary();
        var read = (await DeployedApp.StartAsync(GoldenFiles.Everything)).Settings
            .Concat((await DeployedApp.StartAsync(byName)).Settings)
            .Concat(DeployedApp.TriggerSettings)
            .Concat(OfTheHost)
            .ToHashSet(StringComparer.Ordinal);
        var names = Names("properties");
        var patterns = Names("patternProperties")
            .Select(pattern => new Regex(pattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
            .ToList();

        Assert.DoesNotContain(read, name => !names.Contains(name) && !patterns.Exists(pattern => pattern.IsMatch(name)));
        Assert.Empty(names.Except(read));
        Assert.All(patterns, pattern => Assert.Contains(read.Except(names), pattern.IsMatch));
    }

    [Fact]
    public void The_sample_is_valid_and_starts_the_app()
    {
        Assert.Empty(Deviations(Sample));
        Assert.Null(StartUpError(Sample));
    }

    [Fact]
    public void Every_setting_has_a_description_and_is_in_the_table_of_the_operations_page()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));
        var settings = Names("properties")
            .Select(name => name.Replace("Providers__main__", "Providers__NAME__", StringComparison.Ordinal));

        Assert.All(settings, name => Assert.Contains($"| `{name}` |", page, StringComparison.Ordinal));
        Assert.All(Schema["properties"]!.AsObject(), property =>
            Assert.NotEmpty($"{Resolve(property.Value!)["description"]}"));
    }

    /// <summary>Without a setting the code behaves as with its default.</summary>
    [Fact]
    public void Defaults_are_those_of_the_code_and_schedules_those_of_the_sample()
    {
        var none = Configuration([]);
        var defaults = Names("properties")
            .Select(name => (Name: name, Value: Resolve(Schema["properties"]![name]!)["default"]))
            .Where(setting => setting.Value is not null)
            .Where(setting => !setting.Name.StartsWith("Providers__", StringComparison.Ordinal))
            .ToDictionary(setting => setting.Name, setting => $"{setting.Value}");

        var set = Configuration(defaults.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        Assert.Equal(ExportOptions.Read(none), ExportOptions.Read(set));
        Assert.Equal(AssistantOptions.Read(none), AssistantOptions.Read(set));
        Assert.Equal(ScheduleOptions.Read(none), ScheduleOptions.Read(set));
        Assert.Equal(BoundOptions.Read(none), BoundOptions.Read(set));
        Assert.Equal(SecretOptions.Read(none).WritesPlain, SecretOptions.Read(set).WritesPlain);
        Assert.Equal("", defaults[Environment(AllowedHosts.Setting)]);
        Assert.All(DeployedApp.TriggerSettings, name => Assert.Equal($"{Sample[name]}", defaults[name]));
        Assert.Equal(11 + DeployedApp.TriggerSettings.Count(), defaults.Count);

        var provider = Provider("openai");
        var timeout = new KeyValuePair<string, string?>(
            "Providers__main__TimeoutSeconds", DefaultOf("providerTimeoutSeconds"));
        Assert.Equal(IdleTimeout(provider), IdleTimeout([.. provider, timeout]));
        Assert.Equal("openai", DefaultOf("providerType"));
        Assert.Equal("false", DefaultOf("providerCountTokens"));
        Assert.Null(StartUpError(With(Provider(""))));
    }

    [Fact]
    public void Settings_for_development_only_are_those_that_no_deployment_has()
    {
        var marked = Schema["properties"]!.AsObject()
            .Where(property => $"{property.Value!["$comment"]}" == "For development only.")
            .Select(property => property.Key);

        Assert.Equal([Environment(ExportOptions.SettleSetting), Environment(AllowedHosts.Setting)], marked);
        Assert.All(marked, name => Assert.DoesNotContain(name, GoldenFiles.Everything.AppSettings.Keys));
    }

    [Theory]
    [InlineData("AzureWebJobsStorage", "UseDevelopmentStorage=true", true)]
    [InlineData("AzureWebJobsStorage", "AccountName=parley;AccountKey=AAAA;EndpointSuffix=parley.invalid", true)]
    [InlineData("AzureWebJobsStorage", "DefaultEndpointsProtocol=https;AccountName=parley;AccountKey=AAAA", true)]
    [InlineData("AzureWebJobsStorage", "AccountKey=AAAA", false)]
    [InlineData("AzureWebJobsStorage", "parley", false)]
    [InlineData("AzureWebJobsStorage", "", false)]
    [InlineData("Exports__KeepDays", "2", true)]
    [InlineData("Exports__KeepDays", "365", true)]
    [InlineData("Exports__KeepDays", "007", true)]
    [InlineData("Exports__KeepDays", "", true)]
    [InlineData("Exports__KeepDays", "1", false)]
    [InlineData("Exports__KeepDays", "366", false)]
    [InlineData("Exports__KeepDays", "1000", false)]
    [InlineData("Exports__KeepDays", "-7", false)]
    [InlineData("Exports__KeepDays", "7.5", false)]
    [InlineData("Exports__KeepDays", " 7", false)]
    [InlineData("Exports__KeepDays", "a week", false)]
    [InlineData("Exports__MaxRangeMonths", "", true)]
    [InlineData("Exports__MaxRangeMonths", "0", true)]
    [InlineData("Exports__MaxRangeMonths", "99", true)]
    [InlineData("Exports__MaxRangeMonths", "120", true)]
    [InlineData("Exports__MaxRangeMonths", "121", false)]
    [InlineData("Exports__MaxRangeMonths", "-6", false)]
    [InlineData("Exports__MaxRangeMonths", "six", false)]
    [InlineData("Exports__SettleSeconds", "0", true)]
    [InlineData("Exports__SettleSeconds", "30", true)]
    [InlineData("Exports__SettleSeconds", "31", false)]
    [InlineData("Exports__SettleSeconds", "99", false)]
    [InlineData("Exports__SettleSeconds", "-1", false)]
    [InlineData("Exports__SettleSeconds", "1s", false)]
    [InlineData("Assistants__HistoryTokens", "0", true)]
    [InlineData("Assistants__HistoryTokens", "1000000", true)]
    [InlineData("Assistants__HistoryTokens", "1000001", false)]
    [InlineData("Assistants__HistoryTokens", "1,000", false)]
    [InlineData("Assistants__HistoryTokens", "many", false)]
    [InlineData("Schedule__Write", "", true)]
    [InlineData("Schedule__Write", "Schedule", true)]
    [InlineData("Schedule__Write", "Due", true)]
    [InlineData("Schedule__Write", "due", false)]
    [InlineData("Schedule__Write", "Both", false)]
    [InlineData("Secrets__Write", "", true)]
    [InlineData("Secrets__Write", "sealed", true)]
    [InlineData("Secrets__Write", "plain", true)]
    [InlineData("Secrets__Write", "Plain", false)]
    [InlineData("Callbacks__AllowedHosts", "localhost, 127.0.0.1", true)]
    [InlineData("Parley__AdminKey", "", true)]
    [InlineData("Parley__PublicOrigin", "", true)]
    [InlineData("Parley__PublicOrigin", "https://api.example.com", true)]
    [InlineData("Parley__PublicOrigin", "http://localhost:8080", true)]
    [InlineData("Parley__PublicOrigin", "https://[2001:db8::1]:8443", true)]
    [InlineData("Parley__PublicOrigin", "https://api.example.com/", false)]
    [InlineData("Parley__PublicOrigin", "https://example.com/chat", false)]
    [InlineData("Parley__PublicOrigin", "https://api.example.com:443", false)]
    [InlineData("Parley__PublicOrigin", "https://API.example.com", false)]
    [InlineData("Parley__PublicOrigin", "https://exämple.com", false)]
    [InlineData("Parley__PublicOrigin", "https://user@example.com", false)]
    [InlineData("Parley__PublicOrigin", "https://api.example.com:65536", false)]
    [InlineData("Parley__PublicOrigin", "capacitor://localhost", false)]
    [InlineData("Parley__PublicOrigin", "api.example.com", false)]
    [InlineData("Parley__PublicOrigin", "*", false)]
    [InlineData("Cors__AllowedOrigins", "", true)]
    [InlineData("Cors__AllowedOrigins", "*", true)]
    [InlineData("Cors__AllowedOrigins", "https://app.example.com", true)]
    [InlineData("Cors__AllowedOrigins", "https://app.example.com,http://localhost:3000 , capacitor://localhost", true)]
    [InlineData("Cors__AllowedOrigins", "http://127.0.0.1:65535, http://[::1]:443, https://xn--exmple-cua.com:80", true)]
    [InlineData("Cors__AllowedOrigins", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", true)]
    [InlineData("Cors__AllowedOrigins", "*, https://app.example.com", false)]
    [InlineData("Cors__AllowedOrigins", "https://app.example.com,", false)]
    [InlineData("Cors__AllowedOrigins", "https://app.example.com https://b.example.com", false)]
    [InlineData("Cors__AllowedOrigins", "https://app.example.com/", false)]
    [InlineData("Cors__AllowedOrigins", "http://localhost:80, https://app.example.com", false)]
    [InlineData("Cors__AllowedOrigins", "https://App.example.com", false)]
    [InlineData("Cors__AllowedOrigins", "https://*.example.com", false)]
    [InlineData("Cors__AllowedOrigins", "localhost:3000", false)]
    [InlineData("Cors__AllowedOrigins", "null", false)]
    [InlineData("FollowUpSchedule", "*/10 * * * * *", true)]
    [InlineData("FollowUpSchedule", "0 0 12 * JAN MON-FRI", true)]
    [InlineData("FollowUpSchedule", "*/5 * * * *", false)]
    [InlineData("FollowUpSchedule", "00:05:00", false)]
    [InlineData("ExportSchedule", "", false)]
    [InlineData("AssistantSchedule", "every minute", false)]
    [InlineData("HousekeepingSchedule", "0 0 * * * * *", false)]
    [InlineData("Limits__Tenant__Requests", "", true)]
    [InlineData("Limits__Tenant__Requests", "off", true)]
    [InlineData("Limits__Tenant__Requests", "600/60s", true)]
    [InlineData("Limits__Key__Bytes", "999999999999/99999s", true)]
    [InlineData("Limits__Tenants__7__Exports", "1/1s", true)]
    [InlineData("Limits__Tenants__7__Exports", "1/s", false)]
    [InlineData("Limits__Tenants__7__Calls", "1/1s", false)]
    [InlineData("Limits__Tenants__seven__Exports", "1/1s", false)]
    [InlineData("Limits__Tenants__0__Exports", "1/1s", false)]
    [InlineData("Limits__Key__Bytes", "1000000000000/1s", false)]
    [InlineData("Limits__Key__Bytes", "1/100000s", false)]
    [InlineData("Limits__Key__Calls", "1/1s", false)]
    [InlineData("Limits__Tenant__Messages", "600", false)]
    [InlineData("Limits__Tenant__Messages", "0/60s", false)]
    [InlineData("Limits__Tenant__Completions", "1/0s", false)]
    [InlineData("Limits__Listeners", "", true)]
    [InlineData("Limits__Listeners", "1", true)]
    [InlineData("Limits__Uploads", "99999", true)]
    [InlineData("Limits__Downloads", "0", false)]
    [InlineData("Limits__RunningCompletions", "100000", false)]
    [InlineData("Limits__RunningCompletions", "-5", false)]
    [InlineData("Providers__main__Type", "", true)]
    [InlineData("Providers__main__Type", "openai", true)]
    [InlineData("Providers__main__Type", "scripted", true)]
    [InlineData("Providers__main__Type", "parrot", false)]
    [InlineData("Providers__main__Type", "OpenAI", false)]
    [InlineData("Providers__main__Endpoint", "http://localhost:11434/v1/", true)]
    [InlineData("Providers__main__Endpoint", "HTTPS://one.invalid", true)]
    [InlineData("Providers__main__Endpoint", "https://one.invalid/v1?api-version=1", true)]
    [InlineData("Providers__main__Endpoint", "one.invalid/v1", false)]
    [InlineData("Providers__main__Endpoint", "ftp://one.invalid/v1", false)]
    [InlineData("Providers__main__Endpoint", "https://user:secret@one.invalid/v1", false)]
    [InlineData("Providers__main__Endpoint", "https://one.invalid/v1#part", false)]
    [InlineData("Providers__main__Endpoint", "https://one.invalid/v1/chat/completions", false)]
    [InlineData("Providers__main__Endpoint", "https://one.invalid/v1/Chat/Completions/", false)]
    [InlineData("Providers__main__Endpoint", "", false)]
    [InlineData("Providers__main__Endpoint", null, false)]
    [InlineData("Providers__main__Key", "none", true)]
    [InlineData("Providers__main__Key", "two words", false)]
    [InlineData("Providers__main__Key", "schlüssel", false)]
    [InlineData("Providers__main__Key", "", false)]
    [InlineData("Providers__main__Key", null, false)]
    [InlineData("Providers__main__Model", "a model", true)]
    [InlineData("Providers__main__Model", " ", false)]
    [InlineData("Providers__main__Model", "", false)]
    [InlineData("Providers__main__Model", null, false)]
    [InlineData("Providers__main__Tenants", "", true)]
    [InlineData("Providers__main__Tenants", "1", true)]
    [InlineData("Providers__main__Tenants", "1, 007,16777215", true)]
    [InlineData("Providers__main__Tenants", "0", false)]
    [InlineData("Providers__main__Tenants", "16777216", false)]
    [InlineData("Providers__main__Tenants", "1,", false)]
    [InlineData("Providers__main__Tenants", "1 2", false)]
    [InlineData("Providers__main__Tenants", "acme", false)]
    [InlineData("Providers__main__TimeoutSeconds", "1", true)]
    [InlineData("Providers__main__TimeoutSeconds", "120", true)]
    [InlineData("Providers__main__TimeoutSeconds", "0", false)]
    [InlineData("Providers__main__TimeoutSeconds", "121", false)]
    [InlineData("Providers__main__TimeoutSeconds", "1.5", false)]
    [InlineData("Providers__main__CountTokens", "", true)]
    [InlineData("Providers__main__CountTokens", "true", true)]
    [InlineData("Providers__main__CountTokens", "false", true)]
    [InlineData("Providers__main__CountTokens", "True", false)]
    [InlineData("Providers__main__CountTokens", "1", false)]
    [InlineData("Providers__second_one-2__Type", "scripted", true)]
    [InlineData("Providers__second_one-2__Type", "parrot", false)]
    [InlineData("Providers__two words__Type", "scripted", false)]
    [InlineData("Providers__naïve__Type", "scripted", false)]
    [InlineData("Providers__a__b__Type", "scripted", false)]
    [InlineData("Providers__12345678901234567890123456789012345678901234567890__Type", "scripted", true)]
    [InlineData("Providers__123456789012345678901234567890123456789012345678901__Type", "scripted", false)]
    public void The_schema_and_the_code_agree_on_a_value(string setting, string? value, bool isRight)
    {
        var settings = With([.. Provider("openai"), new(setting, value)]);

        var error = StartUpError(settings);
        var deviations = Deviations(settings);

        Assert.True(isRight == error is null, $"The code says: {error ?? "right"}");
        Assert.True(isRight == (deviations.Count == 0), $"The schema says: {string.Join("; ", deviations)}");
    }

    [Theory]
    [InlineData("AzureWebJobsStorage__accountName=parley", true)]
    [InlineData("AzureWebJobsStorage__accountName=not a name", false)]
    [InlineData("AzureWebJobsStorage__accountName=", false)]
    [InlineData(
        "AzureWebJobsStorage__tableServiceUri=https://t.invalid;AzureWebJobsStorage__blobServiceUri=https://b.invalid/;"
            + "AzureWebJobsStorage__queueServiceUri=https://q.invalid",
        true)]
    [InlineData(
        "AzureWebJobsStorage__tableServiceUri=https://t.invalid;AzureWebJobsStorage__blobServiceUri=https://b.invalid/",
        false)]
    [InlineData("AzureWebJobsStorage__accountName=parley;AzureWebJobsStorage__queueServiceUri=queue", false)]
    [InlineData("AzureWebJobsStorage__clientId=00000000-0000-0000-0000-000000000001", false)]
    public void The_schema_and_the_code_agree_on_storage_by_identity(string storage, bool isRight)
    {
        var settings = With([
            new("AzureWebJobsStorage", null),
            .. storage.Split(';')
                .Select(pair => pair.Split('=', 2))
                .Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1])),
        ]);

        Assert.Equal(isRight, StartUpError(settings) is null);
        Assert.Equal(isRight, Deviations(settings).Count == 0);
    }

    [Theory]
    [InlineData("k1", 32, true)]
    [InlineData("A-long_id-of-thirty-two-letters1", 33, true)]
    [InlineData("k1", 255, true)]
    [InlineData("k1", 256, true)]
    [InlineData("k1", 31, false)]
    [InlineData("k1", 257, false)]
    [InlineData("k1", 258, false)]
    [InlineData("k 1", 32, false)]
    [InlineData("k:1", 32, false)]
    [InlineData("", 32, false)]
    [InlineData(null, 32, false)]
    [InlineData("k1", null, false)]
    public void The_schema_and_the_code_agree_on_sealing_keys(string? id, int? bytes, bool isRight)
    {
        var settings = With([
            new("Secrets__Keys__0__Id", id),
            new("Secrets__Keys__0__Key", bytes is { } length ? Convert.ToBase64String(new byte[length]) : null),
        ]);

        Assert.Equal(isRight, StartUpError(settings) is null);
        Assert.Equal(isRight, Deviations(settings).Count == 0);
    }

    /// <summary>
    /// The app starts with these settings, but without the timer's function or without the setting's effect.
    /// </summary>
    [Theory]
    [InlineData("FollowUpSchedule", null)]
    [InlineData("Exports__KeptDays", "7")]
    public void The_schema_refuses_settings_that_are_silently_without_effect(string setting, string? value) =>
        Assert.NotEmpty(Deviations(With([new(setting, value)])));

    private static IReadOnlyList<Deviation> Deviations(JsonObject settings) =>
        Validator.Validate(Schema, JsonSerializer.SerializeToElement(settings));

    /// <summary>The message with which the app refuses to start, or null.</summary>
    private static string? StartUpError(JsonObject settings)
    {
        var configuration =
            Configuration(settings.ToDictionary(setting => setting.Key, setting => (string?)$"{setting.Value}"));
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
        try
        {
            services.AddParleyApp(configuration);
            using var provider = services.BuildServiceProvider();
            _ = provider.GetRequiredService<TableServiceClient>();
            _ = provider.GetRequiredService<BlobServiceClient>();
            _ = provider.GetRequiredService<QueueServiceClient>();
        }
        catch (StartUpException e)
        {
            return e.Message;
        }

        // The host reads these.
        return DeployedApp.TriggerSettings.FirstOrDefault(name =>
            settings[name] is { } schedule && TimerListener.Parse($"{schedule}") is null);
    }

    private static JsonObject With(IEnumerable<KeyValuePair<string, string?>> changes)
    {
        var settings = Sample.DeepClone().AsObject();
        foreach (var (name, value) in changes)
        {
            settings.Remove(name);
            if (value is not null)
            {
                settings[name] = value;
            }
        }

        return settings;
    }

    private static KeyValuePair<string, string?>[] Provider(string type) =>
    [
        new("Providers__main__Type", type),
        new("Providers__main__Endpoint", "https://one.invalid/v1"),
        new("Providers__main__Key", "none"),
        new("Providers__main__Model", "m"),
    ];

    private static TimeSpan IdleTimeout(IEnumerable<KeyValuePair<string, string?>> settings) =>
        AssistantProviders.Read(Configuration(settings.ToDictionary()), TimeProvider.System).Find(new TenantId(1), "main")!.IdleTimeout;

    private static IConfigurationRoot Configuration(Dictionary<string, string?> settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting =>
            KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), setting.Value)))
        .Build();

    private static HashSet<string> Names(string keyword) =>
        [.. Schema[keyword]!.AsObject().Select(property => property.Key)];

    private static JsonNode Resolve(JsonNode property) =>
        property["description"] is null && property["$ref"] is { } reference
            ? Schema["$defs"]![$"{reference}".Split('/')[^1]]!
            : property;

    private static string DefaultOf(string definition) => $"{Schema["$defs"]![definition]!["default"]}";

    private static string Environment(string setting) => setting.Replace(":", "__", StringComparison.Ordinal);

    private static JsonObject ReadObject(params string[] path) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine([Repository.Root, .. path])))!.AsObject();
}
