using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Admin;

[Collection(HostCollection.Name)]
public class KeyTests(ParleyFixture parley)
{
    [Fact]
    public async Task The_life_of_a_key_and_its_audit_entries()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        var first = await NewKeyAsync(admin, tenant, "messages:read", "audit:read");
        Assert.Matches("^parley_[A-Za-z0-9_-]{49}$", Text(first));
        await parley.NewClient(Text(first)).CallAsync(HttpMethod.Get, "v1/conversations");

        var rotated = await CallAsync(admin, HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys/1/rotate", new { overlapSeconds = 60 }, HttpStatusCode.Created);
        Assert.Equal((2, 1), (rotated["id"]!.GetValue<int>(), rotated["previousId"]!.GetValue<int>()));
        using var withoutBody = new HttpRequestMessage(HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys/2/rotate");
        using var again = await admin.SendAsync(withoutBody);
        var third = await again.ReadAsync(HttpStatusCode.Created);
        Assert.InRange(
            third["previousValidUntil"]!.GetValue<DateTimeOffset>() - third["createdAt"]!.GetValue<DateTimeOffset>(),
            TimeSpan.FromHours(24),
            TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));

        for (var i = 0; i < 2; i++)
        {
            var revoked = await CallAsync(admin, HttpMethod.Delete, $"v1/admin/tenants/{tenant}/keys/2");
            Assert.Equal((2, "revoked"), (revoked["id"]!.GetValue<int>(), $"{revoked["status"]}"));
        }

        using var refused = await parley.NewClient(Text(rotated)).GetAsync("v1/conversations");
        await refused.AssertProblemAsync(401, "unauthenticated");
        using var conflict = await admin.SendJsonAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys/2/rotate", new { });
        await conflict.AssertProblemAsync(409, "key_status");

        var listed = (await CallAsync(admin, HttpMethod.Get, $"v1/admin/tenants/{tenant}/keys"))["results"]!.AsArray();
        Assert.Equal(["active", "revoked", "active"], listed.Select(key => key!["status"]!.GetValue<string>()));
        Assert.Equal([3, 2, 1], listed.Select(key => key!["id"]!.GetValue<int>()));
        await Eventually.TrueAsync(async () => (await CallAsync(admin, HttpMethod.Get, $"v1/admin/tenants/{tenant}/keys"))["results"]![2]!["lastUsedAt"] is not null);

        var entries = (await CallAsync(parley.NewClient(Text(third)), HttpMethod.Get, "v1/audit"))["results"]!.AsArray();
        Assert.Equal(
            ["key_revoked", "key_rotated", "key_rotated", "key_created", "tenant_created"],
            entries.Select(entry => entry!["action"]!.GetValue<string>()));
        Assert.Equal(["key:2", "key:2", "key:1", "key:1", $"tenant:{tenant}"], entries.Select(entry => entry!["object"]!.GetValue<string>()));
        Assert.All(entries, entry => Assert.Equal("administrator", entry!["actor"]!.GetValue<string>()));
        Assert.Equal(
            entries.ToJsonString(),
            (await CallAsync(admin, HttpMethod.Get, $"v1/admin/audit?tenant={tenant}"))["results"]!.ToJsonString());
    }

    [Fact]
    public async Task A_tenant_manages_its_own_keys_within_its_own_scopes()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        var (manager, strong) = (parley.NewClient(Text(await NewKeyAsync(admin, tenant, "admin", "messages:read"))), await NewKeyAsync(admin, tenant, "exports:write"));
        var created = await CallAsync(manager, HttpMethod.Post, "v1/keys", new { label = "Reader", scopes = new[] { "messages:read" } }, HttpStatusCode.Created);
        Assert.Equal(3, created["id"]!.GetValue<int>());

        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "v1/keys", (object)new { label = "More", scopes = new[] { "messages:read", "exports:write" } }),
            (HttpMethod.Post, $"v1/keys/{strong["id"]}/rotate", new { }),
        })
        {
            using var refused = await manager.SendJsonAsync(method, path, body);
            await refused.AssertProblemAsync(403, "scope_missing");
        }

        using (var otherTenant = new HttpRequestMessage(HttpMethod.Get, "v1/keys") { Headers = { { "X-Tenant", "1" } } })
        {
            using var refused = await manager.SendAsync(otherTenant);
            await refused.AssertProblemAsync(403, "tenant_forbidden");
        }

        Assert.Equal(
            ["KeysList", "KeysRotate", "KeysCreate"],
            (await CallAsync(admin, HttpMethod.Get, $"v1/admin/audit?tenant={tenant}&pageSize=3"))["results"]!.AsArray()
                .Select(entry => $"{entry!["result"]}" == "refused" ? $"{entry["object"]}" : ""));

        var reader = parley.NewClient(Text(created));
        using var stranger = await reader.SendJsonAsync(HttpMethod.Post, "v1/keys", new { label = "x", scopes = new[] { "messages:read" } });
        await stranger.AssertProblemAsync(403, "scope_missing");
        var newest = (await CallAsync(admin, HttpMethod.Get, $"v1/admin/audit?tenant={tenant}"))["results"]![0]!;
        Assert.Equal(
            ("call_refused", "refused", "key", 3, "KeysCreate"),
            ($"{newest["action"]}", $"{newest["result"]}", $"{newest["actor"]}", newest["key"]!.GetValue<int>(), $"{newest["object"]}"));

        await CallAsync(manager, HttpMethod.Post, "v1/keys/3/rotate", new { overlapSeconds = 0 }, HttpStatusCode.Created);
        Assert.Equal("revoked", $"{(await CallAsync(manager, HttpMethod.Delete, "v1/keys/1"))["status"]}");
    }

    [Fact]
    public async Task A_dialect_is_chosen_at_the_creation_and_stays()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        var manager = parley.NewClient(Text(await NewKeyAsync(admin, tenant, "admin", "messages:read", "messages:write")));
        string[] scopes = ["messages:read", "messages:write"];
        var created = await CallAsync(manager, HttpMethod.Post, "v1/keys", new { label = "App", scopes, dialect = "maiagent" }, HttpStatusCode.Created);
        var rotated = await CallAsync(manager, HttpMethod.Post, $"v1/keys/{created["id"]}/rotate", new { }, HttpStatusCode.Created);
        Assert.Equal(("maiagent", "maiagent"), ($"{created["dialect"]}", $"{rotated["dialect"]}"));
        Assert.Equal(
            ["maiagent", "maiagent", "parley"],
            (await CallAsync(manager, HttpMethod.Get, "v1/keys"))["results"]!.AsArray().Select(key => $"{key!["dialect"]}"));

        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = $"{rotated["id"]}",
            ["client_secret"] = Text(rotated),
        });
        using var granted = await parley.NewClient(null).PostAsync("v1/oauth/token", form);
        var token = $"{(await granted.ReadAsync())["access_token"]}";
        foreach (var credential in new[] { Text(created), Text(rotated), token })
        {
            Assert.Matches("^[0-9]{13}$", $"{(await parley.NewClient(credential).NewConversationAsync())["createdAt"]}");
        }

        Assert.EndsWith("Z", $"{(await manager.NewConversationAsync())["createdAt"]}", StringComparison.Ordinal);
        await manager.RefusedAsync(HttpMethod.Post, "v1/keys", new { label = "x", scopes, dialect = "klingon" }, 422, "invalid_fields", "dialect");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("99")]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("99999999999")]
    [InlineData("01")]
    public async Task An_unknown_key_is_not_found(string id)
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        var manager = parley.NewClient(Text(await NewKeyAsync(admin, tenant, "admin")));
        foreach (var (client, path) in new[] { (admin, $"v1/admin/tenants/{tenant}/keys/{id}"), (manager, $"v1/keys/{id}") })
        {
            using var deleted = await client.DeleteAsync(path);
            await deleted.AssertProblemAsync(404, "key_not_found");
            using var rotated = await client.SendJsonAsync(HttpMethod.Post, path + "/rotate", new { });
            await rotated.AssertProblemAsync(404, "key_not_found");
        }
    }

    [Fact]
    public async Task A_key_that_expires_gives_no_later_end()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        const string End = "2099-01-01T00:00:00.000Z";
        var manager = parley.NewClient(Text(await CallAsync(
            admin, HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys", new { label = "Manager", scopes = new[] { "admin" }, expiresAt = End }, HttpStatusCode.Created)));
        var created = await CallAsync(manager, HttpMethod.Post, "v1/keys", new { label = "x", scopes = new[] { "admin" } }, HttpStatusCode.Created);
        var rotated = await CallAsync(manager, HttpMethod.Post, "v1/keys/1/rotate", new { }, HttpStatusCode.Created);
        Assert.Equal((End, End), ($"{created["expiresAt"]}", $"{rotated["expiresAt"]}"));
        using var later = await manager.SendJsonAsync(HttpMethod.Post, "v1/keys", new { label = "x", scopes = new[] { "admin" }, expiresAt = "2099-01-01T00:00:01Z" });
        await later.AssertProblemAsync(422, "invalid_fields", "expiresAt");
        using var rotation = await manager.SendJsonAsync(HttpMethod.Post, "v1/keys/1/rotate", new { expiresAt = "2099-01-01T00:00:01Z" });
        await rotation.AssertProblemAsync(422, "invalid_fields", "expiresAt");
    }

    [Fact]
    public async Task A_suspended_tenant_is_kept_out_and_listed()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        var key = await NewKeyAsync(admin, tenant, "messages:read");
        var suspended = await CallAsync(admin, HttpMethod.Patch, $"v1/admin/tenants/{tenant}", new { status = "suspended", name = "Other" });
        Assert.Equal(("suspended", "Other"), ($"{suspended["status"]}", $"{suspended["name"]}"));
        using var refused = await parley.NewClient(Text(key)).GetAsync("v1/conversations");
        await refused.AssertProblemAsync(403, "tenant_suspended");
        var details = (await CallAsync(admin, HttpMethod.Get, $"v1/admin/tenants/{tenant}")).AsObject();
        Assert.True(details.Remove("deletion"));
        Assert.Equal(suspended.ToJsonString(), details.ToJsonString());
        var listed = (await CallAsync(admin, HttpMethod.Get, "v1/admin/tenants?pageSize=100"))["results"]!.AsArray();
        Assert.Contains(listed, one => one!.ToJsonString() == suspended.ToJsonString());

        await CallAsync(admin, HttpMethod.Patch, $"v1/admin/tenants/{tenant}", new { status = "active" });
        using var invalid = await admin.SendJsonAsync(HttpMethod.Patch, $"v1/admin/tenants/{tenant}", new { status = "deleted", name = "" });
        await invalid.AssertProblemAsync(422, "invalid_fields", "status", "name");
    }

    [Fact]
    public async Task A_rotation_checks_its_fields()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = await NewTenantAsync(admin);
        await NewKeyAsync(admin, tenant, "messages:read");
        foreach (var overlap in new object[] { -1, 2_592_001, 1.5, "1" })
        {
            using var refused = await admin.SendJsonAsync(
                HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys/1/rotate", new { overlapSeconds = overlap, expiresAt = "2020-01-01T00:00:00Z" });
            await refused.AssertProblemAsync(422, "invalid_fields", "overlapSeconds", "expiresAt");
        }
    }

    [Fact]
    public async Task A_wrong_admin_key_is_in_the_log_of_the_administration()
    {
        using var refused = await parley.NewClient("nonsense").GetAsync("v1/admin/tenants");
        await refused.AssertProblemAsync(401, "unauthenticated");
        var entries = (await CallAsync(parley.NewClient(parley.AdminKey), HttpMethod.Get, "v1/admin/audit?pageSize=100"))["results"]!.AsArray();
        Assert.Contains(entries, entry => $"{entry!["action"]}" == "call_refused" && $"{entry["actor"]}" == "unknown" && entry["key"] is null);
    }

    private static async Task<int> NewTenantAsync(HttpClient admin) =>
        (await CallAsync(admin, HttpMethod.Post, "v1/admin/tenants", new { name = "Acme" }, HttpStatusCode.Created))["id"]!.GetValue<int>();

    private static Task<JsonNode> NewKeyAsync(HttpClient admin, int tenant, params string[] scopes) =>
        CallAsync(admin, HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys", new { label = "Key", scopes }, HttpStatusCode.Created);

    private static string Text(JsonNode key) => key["key"]!.GetValue<string>();

    private static async Task<JsonNode> CallAsync(
        HttpClient client, HttpMethod method, string path, object? body = null, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var response = await client.SendJsonAsync(method, path, body);
        return await response.ReadAsync(status);
    }
}
