using System.Text.RegularExpressions;
using Parley.DevHost.Common;
using Xunit;

namespace Parley.Tests.Infrastructure;

public class HardeningTests
{
    [Fact]
    public void Storage_takes_no_account_key_and_shows_no_blob_to_the_public()
    {
        foreach (var deployment in new[] { GoldenFiles.Defaults, GoldenFiles.Everything })
        {
            var account = deployment.The("Microsoft.Storage/storageAccounts");
            Assert.False(account["allowSharedKeyAccess"].GetBoolean());
            Assert.False(account["allowBlobPublicAccess"].GetBoolean());
            Assert.False(account["allowCrossTenantReplication"].GetBoolean());
            Assert.True(account["defaultToOAuthAuthentication"].GetBoolean());
            Assert.True(account["supportsHttpsTrafficOnly"].GetBoolean());
            Assert.Equal("TLS1_2", account["minimumTlsVersion"].GetString());
            Assert.All(
                deployment.All("Microsoft.Storage/storageAccounts/blobServices/containers"),
                container => Assert.Equal("None", container["publicAccess"].GetString()));
        }
    }

    [Fact]
    public void Deleted_blobs_and_secrets_can_be_restored()
    {
        var blobs = GoldenFiles.Everything.The("Microsoft.Storage/storageAccounts/blobServices");
        Assert.True(blobs["isVersioningEnabled"].GetBoolean());
        Assert.True(blobs["deleteRetentionPolicy", "enabled"].GetBoolean());
        Assert.Equal(14, blobs["deleteRetentionPolicy", "days"].GetInt32());
        Assert.Equal(14, blobs["containerDeleteRetentionPolicy", "days"].GetInt32());

        var vault = GoldenFiles.Everything.The("Microsoft.KeyVault/vaults");
        Assert.True(vault["enableRbacAuthorization"].GetBoolean());
        Assert.True(vault["enableSoftDelete"].GetBoolean());
        Assert.True(vault["enablePurgeProtection"].GetBoolean());
    }

    [Fact]
    public void The_site_is_reached_by_https_and_published_to_without_a_password()
    {
        var site = GoldenFiles.Defaults.The("Microsoft.Web/sites");
        Assert.True(site["httpsOnly"].GetBoolean());
        Assert.Equal("1.2", site["siteConfig", "minTlsVersion"].GetString());
        Assert.Equal("Disabled", site["siteConfig", "ftpsState"].GetString());

        var policies =
            GoldenFiles.Defaults.All("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
                .ToDictionary(policy => policy.ShortName);
        Assert.Equal(["ftp", "scm"], policies.Keys.Order(StringComparer.Ordinal));
        Assert.All(policies.Values, policy => Assert.False(policy["allow"].GetBoolean()));
    }

    [Fact]
    public void Azd_publishes_the_app_to_the_site()
    {
        var file = File.ReadAllText(Path.Combine(Repository.Root, "azure.yaml"));
        var service = Regex.Match(file, @"^services:\n  (\w+):\n    project: (\S+)\n", RegexOptions.Multiline);

        var tag = GoldenFiles.Defaults.The("Microsoft.Web/sites").Json.GetProperty("tags").GetProperty("azd-service-name");
        Assert.Equal(service.Groups[1].Value, tag.GetString());
        Assert.True(File.Exists(Path.Combine(Repository.Root, service.Groups[2].Value, "Parley.Functions.csproj")));
    }

    [Fact]
    public void Telemetry_takes_no_key()
    {
        Assert.True(GoldenFiles.Defaults.The("Microsoft.Insights/components")["DisableLocalAuth"].GetBoolean());
        var workspace = GoldenFiles.Defaults.The("Microsoft.OperationalInsights/workspaces");
        Assert.True(workspace["features", "disableLocalAuth"].GetBoolean());
    }

    [Fact]
    public void Zones_are_for_the_plan_and_storage_together()
    {
        Check(GoldenFiles.Defaults, zones: false, "Standard_LRS");
        Check(GoldenFiles.Everything, zones: true, "Standard_ZRS");

        static void Check(GoldenFiles deployment, bool zones, string sku)
        {
            var account = deployment.The("Microsoft.Storage/storageAccounts").Json;
            Assert.Equal(zones, deployment.The("Microsoft.Web/serverfarms")["zoneRedundant"].GetBoolean());
            Assert.Equal(sku, account.GetProperty("sku").GetProperty("name").GetString());
        }
    }

    [Fact]
    public void A_private_network_closes_storage_and_has_an_endpoint_for_each_service()
    {
        var everything = GoldenFiles.Everything;
        var account = everything.The("Microsoft.Storage/storageAccounts");
        Assert.Equal("Disabled", account["publicNetworkAccess"].GetString());
        Assert.Equal("Deny", account["networkAcls", "defaultAction"].GetString());

        var services = new[] { "blob", "queue", "table" };
        Assert.Equal(services, everything.All("Microsoft.Network/privateEndpoints").Select(ServiceOf));
        Assert.Equal(
            services.Select(one => $"[format('privatelink.{{0}}.{{1}}', '{one}', environment().suffixes.storage)]"),
            everything.All("Microsoft.Network/privateDnsZones").Select(zone => zone.Name));
        Assert.Equal(3, everything.All("Microsoft.Network/privateDnsZones/virtualNetworkLinks").Count());
        Assert.Equal(3, everything.All("Microsoft.Network/privateEndpoints/privateDnsZoneGroups").Count());

        var app = everything.The("Microsoft.Network/virtualNetworks")["subnets"][0].GetProperty("properties");
        var delegation = app.GetProperty("delegations")[0].GetProperty("properties").GetProperty("serviceName");
        Assert.Equal("Microsoft.App/environments", delegation.GetString());
        var subnet = everything.The("Microsoft.Web/sites")["virtualNetworkSubnetId"].GetString();
        Assert.Contains("appSubnetId", subnet, StringComparison.Ordinal);

        static string ServiceOf(Resource endpoint) =>
            endpoint["privateLinkServiceConnections"][0].GetProperty("properties").GetProperty("groupIds")[0]
                .GetString()!;
    }

    [Fact]
    public void Without_settings_there_is_no_network_no_domain_and_no_alert_receiver()
    {
        Assert.DoesNotContain(GoldenFiles.Defaults.Resources, resource =>
            resource.Type.StartsWith("Microsoft.Network/", StringComparison.Ordinal)
            || resource.Type is "Microsoft.Insights/actionGroups" or "Microsoft.Web/sites/hostNameBindings"
                or "Microsoft.Web/sites/certificates");
        var account = GoldenFiles.Defaults.The("Microsoft.Storage/storageAccounts");
        Assert.Equal("Enabled", account["publicNetworkAccess"].GetString());
    }

    [Fact]
    public void A_domain_is_bound_before_its_certificate_is_issued_and_again_with_it()
    {
        var bindings = GoldenFiles.Everything.All("Microsoft.Web/sites/hostNameBindings").ToList();

        Assert.All(bindings, binding => Assert.Equal("parley.invalid", binding.ShortName));
        Assert.Equal(["Disabled", "SniEnabled"], bindings.Select(binding => binding["sslState"].GetString()!));
        var certificate = GoldenFiles.Everything.The("Microsoft.Web/sites/certificates");
        Assert.Equal("parley.invalid", certificate["canonicalName"].GetString());
        Assert.Equal("https://parley.invalid/api/v1", GoldenFiles.Everything.Outputs["PARLEY_URL"]);
    }

    [Fact]
    public void Instances_follow_the_settings()
    {
        var scale = GoldenFiles.Everything.The("Microsoft.Web/sites")["functionAppConfig", "scaleAndConcurrency"];

        Assert.Equal(4096, scale.GetProperty("instanceMemoryMB").GetInt32());
        Assert.Equal(200, scale.GetProperty("maximumInstanceCount").GetInt32());
        var http = scale.GetProperty("triggers").GetProperty("http");
        Assert.Equal(64, http.GetProperty("perInstanceConcurrency").GetInt32());
        Assert.Equal(
            [("http", 2), ("function:FollowUpsFire", 1)],
            scale.GetProperty("alwaysReady").EnumerateArray()
                .Select(one => (one.GetProperty("name").GetString()!, one.GetProperty("instanceCount").GetInt32())));
        Assert.Contains("FollowUpsFire", DeployedApp.Functions);
    }
}
