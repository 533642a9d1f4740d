using System.Net;
using System.Text.RegularExpressions;
using Parley.DevHost.Commands;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.Tenancy;

/// <summary>
/// Every operation of docs/openapi.yaml, with every place that takes an id, a cursor or an idempotency key, for callers
/// to whom the entity does not belong. Their responses have the same bytes as those for entities that do not exist.
/// </summary>
[Collection(HostCollection.Name)]
public partial class MatrixTests(ParleyFixture parley)
{
    private const string UnknownNumber = "999999";

    /// <summary>Headers that differ between two responses to one request.</summary>
    private static readonly string[] Incomparable = ["Date", "RateLimit"];

    /// <summary>A caller without access.</summary>
    private sealed record BadCaller(string Name, Func<DocumentedRequest, HttpClient> ClientFor, int Status, string Code);

    [Fact]
    public async Task An_id_of_another_tenant_is_answered_like_one_that_does_not_exist()
    {
        var (owner, other) = (await TenantResources.CreateAsync(parley, 3), await TenantResources.CreateAsync(parley, 1));
        var before = await SnapshotAsync(owner);
        var checks = 0;
        foreach (var request in DocumentedRequest.All.Where(request => !request.IsAdministration))
        {
            foreach (var place in request.Places)
            {
                var (unknown, unknownNumber) = (
                    await SendAsync(other, request, place, ApiHelpers.UnknownUuid), await SendAsync(other, request, place, UnknownNumber));
                Assert.False(
                    request.Method != "GET" && unknown.StartsWith('2'),
                    $"{request.Method} {request.Path} does not look {place.Name} up: {unknown}");
                foreach (var id in owner.Uuids.Union(owner.Last(place.Kind)))
                {
                    var response = await SendAsync(other, request, place, id);
                    AssertSame(request, place, id.Contains('-', StringComparison.Ordinal) ? unknown : unknownNumber, response);
                    checks++;
                }
            }
        }

        // Below /admin the tenant is in the path, so the number of a key must be one of that tenant.
        var admin = parley.NewClient(parley.AdminKey);
        foreach (var request in DocumentedRequest.All.Where(request => request.IsAdministration))
        {
            foreach (var place in request.Places.Where(place => place.Kind == "key"))
            {
                AssertSame(
                    request,
                    place,
                    await SendAsync(admin, other, request, place, UnknownNumber),
                    await SendAsync(admin, other, request, place, owner.Last("key").Single()));
                checks++;
            }
        }

        Assert.InRange(checks, 400, int.MaxValue);
        Assert.Equal(before, await SnapshotAsync(owner));
    }

    [Fact]
    public async Task A_caller_without_access_learns_nothing()
    {
        var (owner, other) = (await TenantResources.CreateAsync(parley, 1), await TenantResources.CreateAsync(parley, 1));
        foreach (var caller in await BadCallersAsync(owner))
        {
            foreach (var request in DocumentedRequest.All.Where(one => one.Scope is not null && !one.IsAdministration))
            {
                await AssertRefusedAsync(request, owner, caller);
            }
        }

        foreach (var (name, token) in new[] { ("no key", null), ("malformed", "nonsense"), ("key of a tenant", other.Access.ApiKey) })
        {
            var caller = new BadCaller(name, _ => parley.NewClient(token), 401, "unauthenticated");
            foreach (var request in DocumentedRequest.All.Where(one => one.IsAdministration))
            {
                await AssertRefusedAsync(request, owner, caller);
            }
        }
    }

    [Fact]
    public void Every_operation_names_its_scope() =>
        Assert.Equal(
            ["/.well-known/jwks.json", "/oauth/token", "/v1/health/live", "/v1/health/ready", "/v1/oauth/token", "/v1/uploads/{id}", "/v1/version"],
            DocumentedRequest.All.Where(one => one.Scope is null && !one.IsAdministration).Select(one => one.Path).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_operation_names_its_scope_for_generated_clients_too() =>
        Assert.All(DocumentedRequest.All.Where(one => one.Scope is not null), one => Assert.Equal(
            $$"""[{"bearerAuth":[]},{"oauth2":["{{one.Scope}}"]}]""", one.Operation["security"]?.ToJsonString()));

    [Fact]
    public async Task A_cursor_of_another_tenant_is_answered_like_a_forged_one()
    {
        var (owner, other) = (await TenantResources.CreateAsync(parley, 2), await TenantResources.CreateAsync(parley, 2));
        foreach (var request in DocumentedRequest.All.Where(one => one.Takes("cursor") && !one.IsAdministration))
        {
            var size = request.Takes("pageSize") ? "pageSize=1" : "limit=1";
            using var sent = request.Create(owner.First, query: size);
            using var page = await owner.Client.SendAsync(sent);
            var cursor = CursorIn($"{page.Headers} {await page.Content.ReadAsStringAsync()}", request);

            Assert.StartsWith("2", await SendAsync(owner, request, query: $"{size}&cursor={cursor}"), StringComparison.Ordinal);
            var forged = await SendAsync(other, request, query: $"{size}&cursor={cursor[..^1]}{(cursor[^1] == 'A' ? 'E' : 'A')}");
            Assert.StartsWith("400", forged, StringComparison.Ordinal);
            Assert.Equal(forged, await SendAsync(other, request, query: $"{size}&cursor={cursor}"));
        }
    }

    [Fact]
    public async Task An_idempotency_key_of_another_tenant_is_a_new_one()
    {
        var (owner, other) = (await TenantResources.CreateAsync(parley, 1), await TenantResources.CreateAsync(parley, 1));
        foreach (var request in DocumentedRequest.All.Where(one => one.Takes("Idempotency-Key") && !one.IsAdministration))
        {
            // A follow-up needs a conversation in which the customer did not write last.
            await owner.Client.PostTextAsync(owner.First("conversation"), "How can I help?", "assistant");
            await other.Client.PostTextAsync(other.First("conversation"), "How can I help?", "assistant");
            var key = ("Idempotency-Key", $"matrix {request.Method} {request.Path}");
            var first = await SendAsync(owner, request, headers: key);
            Assert.True(first.StartsWith('2'), $"{request.Method} {request.Path}: {first}");
            var replay = await SendAsync(owner, request, headers: key);
            var others = await SendAsync(other, request, headers: key);

            Assert.Contains("Idempotent-Replayed: true", replay, StringComparison.Ordinal);
            Assert.DoesNotContain("Idempotent-Replayed", others, StringComparison.Ordinal);
            Assert.Equal(Masked(first), Masked(others));
            Assert.Empty(Uuids().Matches(first).Select(match => match.Value).Intersect(Uuids().Matches(others).Select(match => match.Value)));
        }
    }

    private static async Task AssertRefusedAsync(DocumentedRequest request, TenantResources owner, BadCaller caller)
    {
        foreach (var place in request.Places.DefaultIfEmpty(null!))
        {
            var unknown = place is { Kind: "tenant" or "key" } ? UnknownNumber : ApiHelpers.UnknownUuid;
            var client = caller.ClientFor(request);
            var response = await SendAsync(client, owner, request, place, place is null ? null : owner.First(place.Kind));

            Assert.True(
                response.StartsWith($"{caller.Status}", StringComparison.Ordinal) && response.Contains($"\"error\":\"{caller.Code}\"", StringComparison.Ordinal),
                $"{request.Method} {request.Path} by {caller.Name}: {response}");
            AssertSame(request, place, await SendAsync(client, owner, request, place, place is null ? null : unknown), response);
            if (request.Takes("cursor"))
            {
                AssertSame(request, place, response, await SendAsync(client, owner, request, query: "cursor=altered"));
            }

            if (request.Takes("Idempotency-Key"))
            {
                AssertSame(request, place, response, await SendAsync(client, owner, request, headers: ("Idempotency-Key", "a key")));
            }
        }
    }

    private static void AssertSame(DocumentedRequest request, IdPlace? place, string unknown, string response) =>
        Assert.True(unknown == response, $"{request.Method} {request.Path}, {place}: an unknown id is answered\n{unknown}\nand this one\n{response}");

    private async Task<IReadOnlyList<BadCaller>> BadCallersAsync(TenantResources owner)
    {
        var (admin, suspended) = (parley.NewClient(parley.AdminKey), await parley.CreateTenantAsync("Suspended"));
        var keys = $"v1/admin/tenants/{owner.Access.Tenant}/keys";
        var all = global::Parley.Tenants.ScopeNames.All;
        var expiresAt = TimeProvider.System.GetUtcNow().AddSeconds(1);
        var expired = await admin.CallAsync(HttpMethod.Post, keys, new { label = "Expires", scopes = all, expiresAt }, HttpStatusCode.Created);
        var revoked = await admin.CallAsync(HttpMethod.Post, keys, new { label = "Revoked", scopes = all }, HttpStatusCode.Created);
        using (var deleted = await admin.DeleteAsync($"{keys}/{revoked["id"]}"))
        {
            Assert.True(deleted.IsSuccessStatusCode, $"{deleted.StatusCode}");
        }

        await admin.CallAsync(HttpMethod.Patch, $"v1/admin/tenants/{suspended.Tenant}", new { status = "suspended" });
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        var (followUps, messages) = (
            await parley.CreateKeyAsync(owner.Access.Tenant, "follow-ups:read"), await parley.CreateKeyAsync(owner.Access.Tenant, "messages:read"));
        return
        [
            Unauthenticated("no key", null),
            Unauthenticated("malformed", "nonsense"),
            Unauthenticated("unknown", "parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            Unauthenticated("revoked", ApiHelpers.Text(revoked["key"])),
            Unauthenticated("expired", ApiHelpers.Text(expired["key"])),
            Unauthenticated("forged token", await ForgedTokenAsync(owner.Access)),
            new("wrong scope", request => parley.NewClient(request.Scope == "messages:read" ? followUps : messages), 403, "scope_missing"),
            new("suspended", _ => parley.NewClient(suspended.ApiKey), 403, "tenant_suspended"),
        ];

        BadCaller Unauthenticated(string name, string? token)
        {
            var client = parley.NewClient(token);
            return new(name, _ => client, 401, "unauthenticated");
        }
    }

    /// <summary>A token of the tenant whose signature was changed.</summary>
    private async Task<string> ForgedTokenAsync(TenantAccess access)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = "1",
            ["client_secret"] = access.ApiKey,
        });
        using var response = await parley.NewClient(token: null).PostAsync("v1/oauth/token", form);
        var token = ApiHelpers.Text((await response.ReadAsync())["access_token"])!;
        var start = token.LastIndexOf('.') + 1;
        return $"{token[..start]}{(token[start] == 'A' ? 'B' : 'A')}{token[(start + 1)..]}";
    }

    private static Task<string> SendAsync(
        TenantResources caller, DocumentedRequest request, IdPlace? place = null, string? id = null, string query = "", params (string Name, string Value)[] headers) =>
        SendAsync(caller.Client, caller, request, place, id, query, headers);

    /// <summary>Returns the status, the headers and the body, without what differs from response to response.</summary>
    private static async Task<string> SendAsync(
        HttpClient client,
        TenantResources owner,
        DocumentedRequest request,
        IdPlace? place = null,
        string? id = null,
        string query = "",
        params (string Name, string Value)[] headers)
    {
        using var sent = request.Create(owner.First, place, id, query);
        foreach (var (name, value) in headers)
        {
            sent.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(sent);
        var shown = response.Headers.Concat(response.Content.Headers)
            .Where(header => !Incomparable.Contains(header.Key))
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}")
            .Order(StringComparer.Ordinal);
        var body = TraceIds().Replace(await response.Content.ReadAsStringAsync(), "\"traceId\":\"\"");
        return $"{(int)response.StatusCode}\n{string.Join('\n', shown)}\n{(id?.Contains('-', StringComparison.Ordinal) is true ? body.Replace(id, "<id>", StringComparison.Ordinal) : body)}";
    }

    /// <summary>What the owner sees of its own. An export is left out, because it proceeds by itself.</summary>
    private static async Task<string> SnapshotAsync(TenantResources owner)
    {
        string[] paths =
        [
            "v1/conversations", $"v1/chat-messages?chatId={owner.First("conversation")}", $"v1/chat-threads?chatId={owner.First("conversation")}",
            $"v1/tickets?chatId={owner.First("conversation")}", "v1/chat-message-follow-ups", "v1/senders", "v1/chatbots", $"v1/completions/{owner.First("completion")}",
        ];
        var bodies = new List<string>();
        foreach (var path in paths)
        {
            bodies.Add(await owner.Client.GetStringAsync(path));
        }

        return string.Join('\n', bodies);
    }

    private static string CursorIn(string response, DocumentedRequest request) =>
        Cursors().Match(response) is { Success: true } match
            ? match.Groups["cursor"].Value
            : throw new InvalidOperationException($"{request.Path} has no second page: {response}");

    /// <summary>The response without what is new in each. How a streamed reply is divided depends on its timing.</summary>
    private static string Masked(string response) => Numbers().Replace(
        Times().Replace(Uuids().Replace(response.Split("\nid: 1\n")[0], "<uuid>"), "<time>"), "<number>");

    [GeneratedRegex("\"traceId\":\"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex TraceIds();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", RegexOptions.None, 1000)]
    private static partial Regex Uuids();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+Z", RegexOptions.None, 1000)]
    private static partial Regex Times();

    [GeneratedRegex(@"\d+", RegexOptions.None, 1000)]
    private static partial Regex Numbers();

    [GeneratedRegex("(?:cursor=|[Cc]ursor: |\"next\":\")(?<cursor>[A-Za-z0-9_-]{20,})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Cursors();
}
