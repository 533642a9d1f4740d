using System.Text.Json;
using System.Text.RegularExpressions;
using NCrontab;
using Parley.DevHost.Common;
using Parley.Exports;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Infrastructure;

public class SettingsTests
{
    /// <summary>Settings that the Functions host reads, and perhaps the app too.</summary>
    private static readonly string[] OfTheHost =
    [
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsStorage__credential",
    ];

    /// <summary>Settings that the code reads and no deployment has.</summary>
    private static readonly string[] NeverDeployed =
    [
        // A connection string contains an account key, and shared keys are off.
        "AzureWebJobsStorage",
        // With less than 30 seconds an export can miss messages; the setting exists for tests that cannot wait.
        Environment(ExportOptions.SettleSetting),
        // Lets webhooks reach private addresses over plain http: receivers on a developer's own machine.
        Environment(AllowedHosts.Setting),
    ];

    /// <summary>
    /// Standard settings of OpenTelemetry: a deployment sends to Application Insights, and to a collector only if its
    /// operator sets these.
    /// </summary>
    private static readonly string[] OfCollectors =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_PROTOCOL"];

    [Fact]
    public async Task Every_setting_that_the_code_reads_is_deployed_and_no_other()
    {
        var deployed = GoldenFiles.Everything.AppSettings;
        var app = await DeployedApp.StartAsync(GoldenFiles.Everything);

        var needed = app.Settings.Concat(DeployedApp.TriggerSettings)
            .Except(NeverDeployed.Concat(OfCollectors), StringComparer.OrdinalIgnoreCase)
            .Union(OfTheHost);
        Assert.Equal(needed.Order(StringComparer.Ordinal), deployed.Keys.Order(StringComparer.Ordinal));
        Assert.All(NeverDeployed, setting => Assert.Contains(setting, app.Settings));
    }

    [Fact]
    public async Task The_defaults_start_the_app()
    {
        var deployed = GoldenFiles.Defaults.AppSettings;

        await DeployedApp.StartAsync(GoldenFiles.Defaults);

        Assert.DoesNotContain(deployed.Keys, name => name.StartsWith("Providers__", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_set_that_flex_consumption_refuses()
    {
        var refused = new Regex("^(FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_.*)$");

        Assert.DoesNotContain(GoldenFiles.Everything.AppSettings.Keys, refused.IsMatch);
        var site = GoldenFiles.Everything.The("Microsoft.Web/sites");
        Assert.Equal("dotnet-isolated", site["functionAppConfig", "runtime", "name"].GetString());
        Assert.Equal("10.0", site["functionAppConfig", "runtime", "version"].GetString());
        // The platform's own feature would answer preflight requests before the app, and keep CORS headers from it.
        Assert.False(site["siteConfig"].TryGetProperty("cors", out _));
    }

    [Fact]
    public void Schedules_are_those_of_the_sample_and_can_be_read()
    {
        var withSeconds = new CrontabSchedule.ParseOptions { IncludingSeconds = true };
        var file = File.ReadAllText(Path.Combine(Repository.Root, "local.settings.sample.json"));
        var sample = JsonDocument.Parse(file).RootElement.GetProperty("Values");

        Assert.All(DeployedApp.TriggerSettings, name =>
        {
            Assert.Equal(sample.GetProperty(name).GetString(), GoldenFiles.Defaults.AppSettings[name]);
            Assert.NotEqual(GoldenFiles.Defaults.AppSettings[name], GoldenFiles.Everything.AppSettings[name]);
            Assert.NotNull(CrontabSchedule.TryParse(GoldenFiles.Everything.AppSettings[name], withSeconds));
        });
    }

    [Fact]
    public void Every_parameter_is_a_setting_of_azd_that_the_golden_file_changes_and_the_operations_page_describes()
    {
        var file = File.ReadAllText(Path.Combine(Repository.Root, "infra", "main.bicepparam"));
        var read = Regex.Matches(file, @"readEnvironmentVariable\('(\w+)', '([^']*)'\)")
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        var set = Regex.Matches(file, @"^param (\w+) =", RegexOptions.Multiline).Select(match => match.Groups[1].Value);
        var declared = GoldenFiles.Template.GetProperty("parameters").EnumerateObject().Select(one => one.Name);
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));

        // Their defaults are different texts at every deployment, so no file can contain them.
        Assert.Equal(declared.Except(["generatedAdminKey", "generatedSealingKey"]).Order(), set.Order());
        Assert.Equal(read.Keys.Order(), GoldenFiles.EverythingSettings.Keys.Order());
        Assert.All(read, pair => Assert.NotEqual(pair.Value, GoldenFiles.EverythingSettings[pair.Key]));
        Assert.All(read.Keys, name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_workflow_passes_every_setting_of_its_environment_and_secure_ones_as_secrets()
    {
        var file = File.ReadAllText(Path.Combine(Repository.Root, "infra", "main.bicepparam"));
        var secure = GoldenFiles.Template.GetProperty("parameters").EnumerateObject()
            .Where(one => one.Value.TryGetProperty("type", out var type)
                && type.GetString()!.StartsWith("secure", StringComparison.Ordinal))
            .Select(one => Regex.Match(file, $@"^param {one.Name} = .*'(\w+)', '", RegexOptions.Multiline))
            .Where(found => found.Success)
            .Select(found => found.Groups[1].Value);
        var workflow = File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "deploy.yml"));
        var secrets = Regex.Matches(workflow, @"^ +(PARLEY_\w+): \$\{\{ secrets\.(\w+)", RegexOptions.Multiline)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

        Assert.Equal(secure.Order(), secrets.Keys.Order());
        Assert.All(secrets, pair => Assert.Equal(pair.Key, pair.Value));
        Assert.Contains("VARIABLES: ${{ toJSON(vars) }}", workflow, StringComparison.Ordinal);
        Assert.Contains("startswith(\"PARLEY_\")", workflow, StringComparison.Ordinal);
        Assert.Contains("export \"$name=$value\"", workflow, StringComparison.Ordinal);
        // A setting that the deployment reads is lost if the workflow neither names it nor finds it by its prefix.
        var names = Regex.Matches(file, @"readEnvironmentVariable\('(\w+)'").Select(match => match.Groups[1].Value);
        Assert.All(
            names.Where(name => !name.StartsWith("PARLEY_", StringComparison.Ordinal)),
            name => Assert.Contains($"      {name}: ", workflow, StringComparison.Ordinal));
    }

    private static string Environment(string setting) => setting.Replace(":", "__", StringComparison.Ordinal);
}
