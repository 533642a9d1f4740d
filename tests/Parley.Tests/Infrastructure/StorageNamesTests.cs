using System.Text.Json;
using Xunit;

namespace Parley.Tests.Infrastructure;

public class StorageNamesTests
{
    private const string Deployment = "deployment";
    private const string Poison = "-poison";

    [Fact]
    public async Task Tables_and_containers_are_those_that_the_app_creates()
    {
        var app = await DeployedApp.StartAsync(GoldenFiles.Defaults);

        Same(app.CreatedResources("table"), GoldenFiles.Defaults.InStorage("tableServices/tables"));
        Same([.. app.CreatedResources("container"), Deployment], GoldenFiles.Defaults.InStorage("blobServices/containers"));
    }

    [Fact]
    public async Task Queues_are_those_that_the_app_creates_and_listens_to_each_with_its_poison_queue()
    {
        var app = await DeployedApp.StartAsync(GoldenFiles.Defaults);
        var deployed = GoldenFiles.Defaults.InStorage("queueServices/queues").ToList();

        Same(app.CreatedResources("queue"), DeployedApp.TriggerQueues);
        Same(app.CreatedResources("queue"), deployed.Where(name => !name.EndsWith(Poison, StringComparison.Ordinal)));
        Same(
            app.CreatedResources("queue").Select(name => name + Poison),
            deployed.Where(name => name.EndsWith(Poison, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_output_for_backups_is_the_name_of_the_account()
    {
        foreach (var deployment in new[] { GoldenFiles.Defaults, GoldenFiles.Everything })
        {
            var account = deployment.The("Microsoft.Storage/storageAccounts");
            Assert.Equal(account.Name, deployment.Outputs["PARLEY_STORAGE"]);
        }
    }

    [Fact]
    public void The_platform_reads_the_app_from_the_container_that_is_for_it()
    {
        var storage = GoldenFiles.Defaults.The("Microsoft.Web/sites")["functionAppConfig", "deployment", "storage"];

        Assert.Equal("blobContainer", storage.GetProperty("type").GetString());
        Assert.EndsWith(
            ".outputs.deploymentContainerUrl.value]", storage.GetProperty("value").GetString(), StringComparison.Ordinal);
        Assert.Equal("UserAssignedIdentity", storage.GetProperty("authentication").GetProperty("type").GetString());
    }

    [Fact]
    public void The_lifecycle_rules_remove_old_versions_and_exports_that_the_app_left()
    {
        var policy = GoldenFiles.Everything.The("Microsoft.Storage/storageAccounts/managementPolicies");
        var rules = policy["policy", "rules"].EnumerateArray().ToDictionary(
            rule => rule.GetProperty("name").GetString()!, rule => rule.GetProperty("definition"));

        var versions = rules["old-versions"];
        Assert.False(versions.GetProperty("filters").TryGetProperty("prefixMatch", out _));
        Assert.Equal(14, Days(versions, "version"));
        var host = rules["old-versions-of-the-host"];
        Assert.Equal("azure-webjobs-hosts/", Prefix(host));
        Assert.Equal(1, Days(host, "version"));
        Assert.False(host.GetProperty("actions").TryGetProperty("baseBlob", out _));
        var exports = rules["exports-that-the-app-left"];
        Assert.Equal("exports/", Prefix(exports));
        // Later than the app's own deletion, which counts Exports__KeepDays from the end of the export.
        var kept = int.Parse(GoldenFiles.Everything.AppSettings["Exports__KeepDays"], null);
        Assert.Equal(kept + 7, Days(exports, "baseBlob"));

        static string? Prefix(JsonElement rule) =>
            Assert.Single(rule.GetProperty("filters").GetProperty("prefixMatch").EnumerateArray()).GetString();

        static int Days(JsonElement rule, string of) =>
            rule.GetProperty("actions").GetProperty(of).GetProperty("delete")
                .GetProperty("daysAfterCreationGreaterThan").GetInt32();
    }

    private static void Same(IEnumerable<string> expected, IEnumerable<string> actual) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
}
