using System.Net;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Admin;

/// <summary>The requests of a deletion. The erasure itself begins 40 minutes later: <c>TenantErasureTests</c>.</summary>
[Collection(HostCollection.Name)]
public class TenantDeletionTests(ParleyFixture parley)
{
    [Fact]
    public async Task A_deletion_is_counted_begun_once_and_keeps_the_tenant_out()
    {
        var (admin, access) = (parley.NewClient(parley.AdminKey), await parley.CreateTenantAsync("Deleted"));
        var path = $"v1/admin/tenants/{access.Tenant}";
        var client = parley.NewClient(access.ApiKey);
        var message = await client.NewAnsweredChatAsync();
        await client.FollowUpAsync(message["chatId"]!);

        var dry = await admin.CallAsync(HttpMethod.Delete, $"{path}?dryRun=true");
        var rows = dry["counts"]!;
        Assert.True(dry["dryRun"]!.GetValue<bool>());
        Assert.True(rows["conversations"]!.GetValue<long>() >= 3, $"{dry}");
        Assert.Equal((1, 1), (rows["keys"]!.GetValue<int>(), rows["schedule"]!.GetValue<int>()));
        Assert.Empty(dry["atLeast"]!.AsArray());
        Assert.Equal("active", $"{(await admin.CallAsync(HttpMethod.Get, path))["status"]}");

        var unused = await parley.CreateKeyAsync(access.Tenant, "messages:read");
        var begun = await admin.CallAsync(HttpMethod.Delete, path, status: HttpStatusCode.Accepted);
        Assert.Equal("deleting", $"{begun["status"]}");
        Assert.Equal(TimeSpan.FromMinutes(40), ApiHelpers.Time(begun["erasesAt"]) - ApiHelpers.Time(begun["requestedAt"]));
        Assert.Equal(begun.ToJsonString(), (await admin.CallAsync(HttpMethod.Delete, path, status: HttpStatusCode.Accepted)).ToJsonString());
        Assert.Equal(begun.ToJsonString(), (await admin.CallAsync(HttpMethod.Get, path))["deletion"]!.ToJsonString());
        await parley.NewClient(unused).RefusedAsync(HttpMethod.Get, "v1/conversations", null, 403, "tenant_suspended");
        foreach (var (method, at, body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Patch, path, new { status = "active" }),
            (HttpMethod.Post, $"{path}/keys", new { label = "x", scopes = new[] { "messages:read" } }),
        })
        {
            await admin.RefusedAsync(method, at, body, 409, "tenant_status");
        }

        var audit = (await admin.CallAsync(HttpMethod.Get, "v1/admin/audit?pageSize=100"))["results"]!.AsArray();
        Assert.Single(audit, entry => $"{entry!["action"]} {entry["object"]}" == $"tenant_deleted tenant:{access.Tenant}");
    }

    [Fact]
    public async Task A_deletion_checks_its_request()
    {
        var admin = parley.NewClient(parley.AdminKey);
        var tenant = (await parley.CreateTenantAsync("Kept")).Tenant;

        foreach (var query in new[] { "dryRun", "dryRun=", "dryRun=yes", "dryRun=TRUE", "dryRun=true&dryRun=false", "dryRun=false&dryRun=false" })
        {
            await admin.RefusedAsync(HttpMethod.Delete, $"v1/admin/tenants/{tenant}?{query}", null, 422, "invalid_fields", "dryRun");
        }

        await admin.RefusedAsync(HttpMethod.Delete, $"v1/admin/tenants/{tenant}?dry_run=true", null, 422, "invalid_fields", "dry_run");
        await admin.RefusedAsync(HttpMethod.Delete, $"v1/admin/tenants/{tenant}", new { dryRun = true }, 422, "invalid_fields", "body");
        await admin.RefusedAsync(HttpMethod.Delete, "v1/admin/tenants/16000000", null, 404, "tenant_not_found");
        await admin.RefusedAsync(HttpMethod.Delete, "v1/admin/tenants/16000000?dryRun=true", null, 404, "tenant_not_found");
        await parley.Client.RefusedAsync(HttpMethod.Delete, $"v1/admin/tenants/{tenant}", null, 401, "unauthenticated");
        Assert.Equal("active", $"{(await admin.CallAsync(HttpMethod.Get, $"v1/admin/tenants/{tenant}"))["status"]}");
    }
}
