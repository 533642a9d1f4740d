using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Admin;

[Collection(HostCollection.Name)]
public class AdministrationTests(ParleyFixture parley)
{
    [Fact]
    public async Task A_tenant_and_its_keys()
    {
        var admin = parley.NewClient(parley.AdminKey);
        using var made = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Acme" });
        var tenant = await made.ReadAsync(HttpStatusCode.Created);
        Assert.Equal("Acme", tenant["name"]!.GetValue<string>());
        Assert.StartsWith("whsec_", tenant["webhookSecret"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(tenant["webhookSecret"]!.GetValue<string>()[6..]).Length);
        Assert.EndsWith("Z", tenant["createdAt"]!.GetValue<string>(), StringComparison.Ordinal);

        var id = tenant["id"]!.GetValue<int>();
        var first = await CreateKeyAsync(admin, id, new { label = "Reader", scopes = new[] { "messages:read" }, expiresAt = "2099-01-01T00:00:00Z" });
        Assert.Equal(1, first["id"]!.GetValue<int>());
        Assert.Equal("Reader", first["label"]!.GetValue<string>());
        Assert.Equal(["messages:read"], first["scopes"]!.AsArray().Select(scope => scope!.GetValue<string>()));
        Assert.Equal("2099-01-01T00:00:00.000Z", first["expiresAt"]!.GetValue<string>());
        Assert.EndsWith("Z", first["createdAt"]!.GetValue<string>(), StringComparison.Ordinal);

        var second = await CreateKeyAsync(admin, id, new { label = "Writer", scopes = new[] { "messages:read", "messages:write" } });
        Assert.Equal(2, second["id"]!.GetValue<int>());
        Assert.Null(second["expiresAt"]);
        Assert.NotEqual(first["key"]!.GetValue<string>(), second["key"]!.GetValue<string>());

        // Each key has the rights of its scopes, in its own tenant.
        Assert.Equal(1, await parley.NewClient(second["key"]!.GetValue<string>()).CreateConversationAsync());
        using var refused = await parley.NewClient(first["key"]!.GetValue<string>()).SendJsonAsync(HttpMethod.Post, "v1/conversations", new { });
        await refused.AssertProblemAsync(403, "scope_missing");
    }

    [Fact]
    public async Task A_new_webhook_secret()
    {
        var admin = parley.NewClient(parley.AdminKey);
        using var made = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Acme" });
        var tenant = await made.ReadAsync(HttpStatusCode.Created);
        var id = tenant["id"]!.GetValue<int>();

        using var first = await RotateAsync(admin, $"{id}");
        using var second = await RotateAsync(admin, $"{id}");
        var answers = new[] { await first.ReadAsync(HttpStatusCode.Created), await second.ReadAsync(HttpStatusCode.Created) };
        Assert.All(answers, answer => Assert.Equal(id, answer["id"]!.GetValue<int>()));
        Assert.All(answers, answer => Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", answer["webhookSecret"]!.GetValue<string>()));
        Assert.Equal(3, answers.Append(tenant).Select(answer => answer["webhookSecret"]!.GetValue<string>()).Distinct().Count());

        // By the host's own clock.
        var createdAt = tenant["createdAt"]!.GetValue<DateTimeOffset>();
        Assert.All(answers, answer => Assert.InRange(
            answer["previousValidUntil"]!.GetValue<DateTimeOffset>() - createdAt, TimeSpan.FromHours(24), TimeSpan.FromHours(24) + TimeSpan.FromMinutes(2)));
    }

    [Theory]
    [InlineData("16777215")]
    [InlineData("16777216")]
    [InlineData("0")]
    [InlineData("acme")]
    public async Task A_webhook_secret_of_an_unknown_tenant_is_refused(string id)
    {
        using var refused = await RotateAsync(parley.NewClient(parley.AdminKey), id);
        await refused.AssertProblemAsync(404, "tenant_not_found");
    }

    [Fact]
    public async Task A_deleted_tenant_gets_no_webhook_secret()
    {
        var admin = parley.NewClient(parley.AdminKey);
        using var made = await admin.SendJsonAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Acme" });
        var id = (await made.ReadAsync(HttpStatusCode.Created))["id"]!.GetValue<int>();
        using var deleted = await admin.DeleteAsync($"v1/admin/tenants/{id}");
        await deleted.ReadAsync(HttpStatusCode.Accepted);
        using var refused = await RotateAsync(admin, $"{id}");
        await refused.AssertProblemAsync(409, "tenant_status");
    }

    [Fact]
    public async Task A_webhook_secret_is_for_the_administrator()
    {
        using var refused = await RotateAsync(parley.Client, "1");
        await refused.AssertProblemAsync(401, "unauthenticated");
        using var read = await parley.NewClient(parley.AdminKey).GetAsync("v1/admin/tenants/1/webhook-secret");
        await read.AssertProblemAsync(405, "method_not_allowed");
    }

    [Fact]
    public async Task Every_field_of_a_paginator()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        for (var i = 1; i <= 5; i++)
        {
            await parley.Client.PostAsync(conversation, $"message {i}");
        }

        var page = await parley.Client.ListAsync(conversation, "?page=2&per_page=2");
        var path = $"{parley.Api}v1/conversations/{conversation}/messages";
        string Url(int number) => $"{path}?per_page=2&page={number}";
        Assert.Equal(["message 3", "message 2"], page["data"]!.AsArray().Select(message => message!["message"]!.GetValue<string>()));
        Assert.Equal(Url(1), page["links"]!["first"]!.GetValue<string>());
        Assert.Equal(Url(3), page["links"]!["last"]!.GetValue<string>());
        Assert.Equal(Url(1), page["links"]!["prev"]!.GetValue<string>());
        Assert.Equal(Url(3), page["links"]!["next"]!.GetValue<string>());
        var meta = page["meta"]!;
        Assert.Equal(
            (2, 3, 3, 2, 4, 5, path),
            (Number("current_page"), Number("from"), Number("last_page"), Number("per_page"), Number("to"), Number("total"), meta["path"]!.GetValue<string>()));
        Assert.Equal(
            [(Url(1), "&laquo; Previous", false), (Url(1), "1", false), (Url(2), "2", true), (Url(3), "3", false), (Url(3), "Next &raquo;", false)],
            meta["links"]!.AsArray().Select(link => (link!["url"]!.GetValue<string>(), link["label"]!.GetValue<string>(), link["active"]!.GetValue<bool>())));

        int Number(string name) => meta[name]!.GetValue<int>();
    }

    private static async Task<HttpResponseMessage> RotateAsync(HttpClient admin, string tenant)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"v1/admin/tenants/{tenant}/webhook-secret");
        return await admin.SendAsync(request);
    }

    private static async Task<JsonNode> CreateKeyAsync(HttpClient admin, int tenant, object body)
    {
        using var response = await admin.SendJsonAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys", body);
        return await response.ReadAsync(HttpStatusCode.Created);
    }
}
