using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Parley.Tests.Operations;

namespace Parley.Tests.Compatibility;

/// <summary>The requests about tenants, API keys and the audit log.</summary>
internal sealed partial class OperationCalls
{
    private async Task KeysAsync()
    {
        await admin.CallAsync(201, "POST v1/admin/tenants", new { name = "Third" });
        await WalkAsync(admin, "v1/admin/tenants?pageSize=3");
        await admin.CallAsync(200, "GET v1/admin/tenants/4");
        await admin.CallAsync(404, "GET v1/admin/tenants/999");
        await admin.CallAsync(200, "PATCH v1/admin/tenants/4", new { name = "Renamed" });
        await admin.CallAsync(422, "PATCH v1/admin/tenants/4", new { name = "", status = "deleted" });
        var manager = await admin.CallAsync(201, "POST v1/admin/tenants/4/keys",
            new { label = "Manager", scopes = new[] { "admin", "audit:read", "messages:read" } });
        var third = recorded.ClientOf("third tenant", $"{manager["key"]}");
        await third.CallAsync(201, "POST v1/keys", new { label = "Own", scopes = new[] { "messages:read" } });
        await third.CallAsync(403, "POST v1/keys", new { label = "More", scopes = new[] { "exports:write" } });
        await third.CallAsync(422, "POST v1/keys", new { label = "", scopes = new[] { "no:such" } });
        await third.CallAsync(201, "POST v1/keys/2/rotate", new { overlapSeconds = 60 });
        await third.CallAsync(404, "POST v1/keys/99/rotate");
        await third.CallAsync(200, "DELETE v1/keys/2");
        await third.CallAsync(404, "DELETE v1/keys/x");
        await third.CallAsync(409, "POST v1/keys/2/rotate");
        await admin.CallAsync(201, "POST v1/admin/tenants/4/keys/3/rotate");
        await admin.CallAsync(404, "POST v1/admin/tenants/4/keys/99/rotate");
        await admin.CallAsync(422, "POST v1/admin/tenants/4/keys/3/rotate", new { overlapSeconds = -1 });
        await admin.CallAsync(200, "DELETE v1/admin/tenants/4/keys/3");
        await admin.CallAsync(404, "DELETE v1/admin/tenants/999/keys/1");
        using var unrecorded = OperatedStore.ClientOf(host, OperatedStore.AdminKey);
        await Eventually.TrueAsync(async () => (await unrecorded.GetFromJsonAsync<JsonNode>(
            "v1/admin/tenants/4/keys"))!["results"]![3]!["lastUsedAt"] is not null);
        await admin.CallAsync(200, "GET v1/admin/tenants/4/keys");
        await admin.CallAsync(404, "GET v1/admin/tenants/999/keys");
        await WalkAsync(third, "v1/keys?pageSize=3");
        await third.CallAsync(422, "GET v1/keys?pageSize=0");
        var late = await admin.CallAsync(201, "POST v1/admin/tenants/4/keys", new { label = "Late", scopes = new[] { "admin" } });
        await admin.CallAsync(200, "PATCH v1/admin/tenants/4", new { status = "suspended" });
        await recorded.ClientOf("suspended tenant", $"{late["key"]}").CallAsync(403, "GET v1/keys");

        await admin.CallAsync(200, "PATCH v1/admin/tenants/4", new { status = "active" });
        await WalkAsync(third, "v1/audit?pageSize=9");
        await third.CallAsync(422, "GET v1/audit?pageSize=0");
        await third.CallAsync(401, "GET v1/admin/audit");
        await admin.CallAsync(200, "GET v1/admin/audit?tenant=3&pageSize=1");
        await admin.CallAsync(200, "GET v1/admin/audit?pageSize=1");
        await admin.CallAsync(422, "GET v1/admin/audit?tenant=x");
        await admin.CallAsync(404, "GET v1/admin/audit?tenant=999");
    }

    private async Task TokensAsync()
    {
        var anonymous = recorded.ClientOf("nobody", token: null);
        var key = first.DefaultRequestHeaders.Authorization!.Parameter!;
        await anonymous.CallAsync(200, "POST v1/oauth/token", Token("1", key));
        await anonymous.CallAsync(200, "POST oauth/token", Token("1", key, ("scope", "messages:read admin")));
        await anonymous.CallAsync(400, "POST v1/oauth/token", new { });
        await anonymous.CallAsync(400, "POST v1/oauth/token", Token("1", key, ("scope", "no:such")));
        await anonymous.CallAsync(401, "POST v1/oauth/token", Token("2", key));
        await anonymous.CallAsync(401, "POST v1/oauth/token", Token("1", "parley_unknown"));
        await anonymous.CallAsync(401, "POST oauth/token", Token("1", "parley_unknown"));
        await anonymous.CallAsync(200, "GET .well-known/jwks.json");
    }

    private static FormUrlEncodedContent Token(string id, string key, params (string Name, string Value)[] others) => new(
    [
        KeyValuePair.Create("grant_type", "client_credentials"),
        KeyValuePair.Create("client_id", id),
        KeyValuePair.Create("client_secret", key),
        .. others.Select(one => KeyValuePair.Create(one.Name, one.Value)),
    ]);
}
