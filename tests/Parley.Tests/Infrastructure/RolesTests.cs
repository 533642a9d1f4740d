using Xunit;

namespace Parley.Tests.Infrastructure;

public class RolesTests
{
    private const string BlobDataOwner = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
    private const string QueueDataContributor = "974c5e8b-45b9-4653-ba55-5f855dd0fb88";
    private const string TableDataContributor = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3";
    private const string MetricsPublisher = "3913510d-42f4-4e42-8a64-420c390055eb";
    private const string SecretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

    [Fact]
    public async Task The_app_has_the_roles_that_it_needs_each_on_its_own_resource_and_no_other()
    {
        var app = await DeployedApp.StartAsync(GoldenFiles.Defaults);
        var settings = GoldenFiles.Everything.AppSettings;
        var needed = new List<(string Resource, string Role)>();
        Need(app.CreatedResources("container").Any(), "Microsoft.Storage/storageAccounts", BlobDataOwner);
        Need(app.CreatedResources("queue").Any(), "Microsoft.Storage/storageAccounts", QueueDataContributor);
        Need(app.CreatedResources("table").Any(), "Microsoft.Storage/storageAccounts", TableDataContributor);
        Need(Has("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "=AAD"), "Microsoft.Insights/components", MetricsPublisher);
        Need(Has("Parley__AdminKey", "@Microsoft.KeyVault("), "Microsoft.KeyVault/vaults", SecretsUser);

        var given = Assignments(GoldenFiles.Everything)
            .Where(one => one.IsTheApp)
            .Select(one => (one.Resource, one.Role));
        Assert.Equal(needed.Order(), given.Order());

        bool Has(string setting, string text) => settings[setting].Contains(text, StringComparison.Ordinal);

        void Need(bool does, string resource, string role)
        {
            if (does)
            {
                needed.Add((resource, role));
            }
        }
    }

    [Fact]
    public void The_only_other_role_lets_the_deploying_person_read_secrets()
    {
        var person = GoldenFiles.EverythingSettings["AZURE_PRINCIPAL_ID"];

        var others = Assignments(GoldenFiles.Everything).Where(one => !one.IsTheApp).ToList();
        Assert.Equal([new Assignment("Microsoft.KeyVault/vaults", SecretsUser, person)], others);
        Assert.DoesNotContain(Assignments(GoldenFiles.Defaults), one => !one.IsTheApp);
    }

    [Fact]
    public void The_site_runs_as_the_identity_that_has_the_roles()
    {
        var site = GoldenFiles.Everything.The("Microsoft.Web/sites");
        var identity = site.Json.GetProperty("identity");

        Assert.Equal("UserAssigned", identity.GetProperty("type").GetString());
        Assert.All(
            [
                Assert.Single(identity.GetProperty("userAssignedIdentities").EnumerateObject()).Name,
                site["keyVaultReferenceIdentity"].GetString()!,
                site["functionAppConfig", "deployment", "storage", "authentication", "userAssignedIdentityResourceId"]
                    .GetString()!,
            ],
            id => Assert.True(IsOutput(id, "id"), id));
        var settings = GoldenFiles.Everything.AppSettings;
        Assert.True(IsOutput(settings["AzureWebJobsStorage__clientId"], "clientId"));
        Assert.True(IsOutput(settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"], "clientId"));
    }

    private static IEnumerable<Assignment> Assignments(GoldenFiles deployment) =>
        deployment.All("Microsoft.Authorization/roleAssignments").Select(one => new Assignment(
            deployment.Resources.Single(resource => resource.Id == ScopeOf(one)).Type,
            one["roleDefinitionId"].GetString()!.Split('/')[^1],
            one["principalId"].GetString()!));

    private static string ScopeOf(Resource assignment) =>
        assignment.Id[..assignment.Id.IndexOf("/providers/Microsoft.Authorization/", StringComparison.Ordinal)];

    /// <summary>True when the expression is an output of the module that creates the app's identity.</summary>
    private static bool IsOutput(string expression, string output) =>
        expression.Contains("format('identity-{0}', uniqueString('identity',", StringComparison.Ordinal)
        && expression.Contains($".outputs.{output}.value", StringComparison.Ordinal);

    private sealed record Assignment(string Resource, string Role, string Principal)
    {
        public bool IsTheApp => IsOutput(Principal, "principalId");
    }
}
