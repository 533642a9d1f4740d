using System.Net;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

public class AuthenticationTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Theory]
    [InlineData("Bearer {0}")]
    [InlineData("bearer {0}")]
    [InlineData("Api-Key {0}")]
    [InlineData("{0}")]
    public async Task The_three_forms_of_the_header_are_accepted(string form)
    {
        using var response = await GetAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, parley.ApiKey));

        await response.AssertProblemAsync(404, "conversation_not_found");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Basic dXNlcjpwYXNz")]
    public async Task Without_a_valid_key_every_request_is_unauthenticated(string? authorization)
    {
        using var response = await GetAsync(authorization);

        await response.AssertProblemAsync(401, "unauthenticated");
        Assert.Equal(
            authorization?.StartsWith("Bearer ", StringComparison.Ordinal) is not true ? "Bearer" : "Bearer error=\"invalid_token\"", response.Headers.WwwAuthenticate.ToString());
    }

    [Theory]
    [InlineData("x", 422, "invalid_fields")]
    [InlineData("1.5", 422, "invalid_fields")]
    [InlineData("-1", 422, "invalid_fields")]
    [InlineData("1.", 422, "invalid_fields")]
    [InlineData(".0", 422, "invalid_fields")]
    [InlineData("1.0.0", 422, "invalid_fields")]
    [InlineData("1e0", 422, "invalid_fields")]
    [InlineData("16000000.0", 403, "tenant_forbidden")]
    [InlineData("16000000", 403, "tenant_forbidden")]
    [InlineData("0", 403, "tenant_forbidden")]
    [InlineData("99999999999999999999", 403, "tenant_forbidden")]
    public async Task Another_tenant_cannot_be_reached(string tenant, int status, string code)
    {
        using var response = await GetAsync(parley.ApiKey, ("X-Tenant", tenant));

        await response.AssertProblemAsync(status, code, status == 422 ? ["X-Tenant"] : []);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".0")]
    [InlineData(".000")]
    public async Task The_own_tenant_may_be_named(string fraction)
    {
        var own = await parley.CreateTenantAsync("Own");
        using var response = await GetAsync(own.ApiKey, ("X-Tenant", $"{own.Tenant}{fraction}"));

        await response.AssertProblemAsync(404, "conversation_not_found");
    }

    [Fact]
    public async Task A_key_has_the_rights_of_its_scopes()
    {
        var tenant = await parley.CreateTenantAsync("Scopes");
        var reader = parley.NewClient(await CreateKeyAsync(tenant.Tenant, new { label = "reader", scopes = new[] { "messages:read" } }));
        var writer = parley.NewClient(await CreateKeyAsync(tenant.Tenant, new { label = "writer", scopes = new[] { "messages:write" } }));
        var stranger = parley.NewClient(await CreateKeyAsync(tenant.Tenant, new { label = "stranger", scopes = new[] { "exports:write", "assistants:write", "follow-ups:read", "follow-ups:write" } }));

        var conversation = await writer.CreateConversationAsync();
        await writer.PostAsync(conversation, "x");
        await reader.ListAsync(conversation);

        foreach (var (client, method, body) in new[] { (reader, HttpMethod.Post, (object?)new { message = "x" }), (writer, HttpMethod.Get, null), (stranger, HttpMethod.Get, null) })
        {
            // The scope is checked before the body and before the conversation is read.
            using var response = await client.SendJsonAsync(method, "v1/conversations/999/messages", body);
            await response.AssertProblemAsync(403, "scope_missing");
        }
    }

    [Fact]
    public async Task Administration_has_a_key_of_its_own()
    {
        foreach (var token in new[] { null, "nonsense", parley.ApiKey })
        {
            using var tenant = await parley.NewClient(token).SendJsonAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "x" });
            using var key = await parley.NewClient(token).SendJsonAsync(HttpMethod.Post, "v1/admin/tenants/1/keys", new { label = "x" });
            await tenant.AssertProblemAsync(401, "unauthenticated");
            await key.AssertProblemAsync(401, "unauthenticated");
        }
    }

    [Fact]
    public async Task Administration_checks_its_fields()
    {
        var admin = parley.NewClient(parley.AdminKey);
        using var noName = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "" });
        using var noTenant = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants/16000000/keys", new { label = "x", scopes = new[] { "messages:read" } });
        using var wrong = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants/1/keys", new { scopes = new[] { "everything" }, expiresAt = "2020-01-01T00:00:00Z" });
        using var noScope = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants/1/keys", new { label = "x", scopes = Array.Empty<string>() });

        await noName.AssertProblemAsync(422, "invalid_fields", "name");
        await noTenant.AssertProblemAsync(404, "tenant_not_found");
        await wrong.AssertProblemAsync(422, "invalid_fields", "label", "scopes", "expiresAt");
        await noScope.AssertProblemAsync(422, "invalid_fields", "scopes");
    }

    [Fact]
    public async Task Health_needs_no_key()
    {
        foreach (var path in new[] { "v1/health/live", "v1/health/ready" })
        {
            using var response = await parley.NewClient(token: null).GetAsync(path);
            Assert.Equal("ok", (await response.ReadAsync())["status"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task The_version_needs_no_key()
    {
        using var response = await parley.NewClient(token: null).GetAsync("v1/version");
        var version = await response.ReadAsync();

        Assert.Matches(@"^\d+\.\d+\.\d+$", version["version"]!.GetValue<string>());
        Assert.Matches("^([0-9a-f]{40})?$", ApiHelpers.Text(version["commit"]) ?? "");
        Assert.True(version["built"] is null || ApiHelpers.Time(version["built"]) > DateTimeOffset.UnixEpoch);
    }

    private async Task<string> CreateKeyAsync(long tenant, object body)
    {
        using var response = await parley.NewClient(parley.AdminKey).SendJsonAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys", body);
        return (await response.ReadAsync(HttpStatusCode.Created))["key"]!.GetValue<string>();
    }

    private async Task<HttpResponseMessage> GetAsync(string? authorization, params (string Name, string Value)[] headers) =>
        await parley.NewClient(token: null).SendJsonAsync(
            HttpMethod.Get, "v1/conversations/999999", null, authorization is null ? headers : [.. headers, ("Authorization", authorization)]);
}
