using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

public class TokenEndpointTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Grant = "grant_type=client_credentials";
    private const string Path = "v1/oauth/token";

    [Theory]
    [InlineData("v1/oauth/token")]
    [InlineData("oauth/token")]
    [InlineData("v1/oauth/token/")]
    public async Task A_token_is_verified_by_the_published_keys(string path)
    {
        var access = await parley.CreateTenantAsync("Tokens");
        using var response = await SendAsync(path, Body("1", access.ApiKey));
        var answer = await response.ReadAsync();

        Assert.Equal(["access_token", "token_type", "expires_in", "scope"], answer.AsObject().Select(member => member.Key));
        Assert.Equal(("Bearer", 900), (ApiHelpers.Text(answer["token_type"]), answer["expires_in"]!.GetValue<int>()));
        AssertNotStored(response);

        using var keys = await parley.NewClient(token: null).GetAsync(".well-known/jwks.json");
        Assert.Equal("public, max-age=3600", $"{keys.Headers.CacheControl}");
        var token = await new JsonWebTokenHandler().ValidateTokenAsync(ApiHelpers.Text(answer["access_token"]), new TokenValidationParameters
        {
            IssuerSigningKeys = new JsonWebKeySet((await keys.ReadAsync()).ToJsonString()).GetSigningKeys(),
            ValidAlgorithms = ["ES256"],
            ValidTypes = ["at+jwt"],
            ValidIssuer = "urn:parley",
            ValidAudience = "urn:parley",
        });
        Assert.True(token.IsValid, $"{token.Exception}");
        Assert.Equal($"key:{access.Tenant}:1", token.Claims["sub"]);
        Assert.Equal("1", token.Claims["client_id"]);
        Assert.Equal(access.Tenant, Convert.ToInt64(token.Claims["tenant"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(ApiHelpers.Text(answer["scope"]), token.Claims["scope"]);
    }

    [Fact]
    public async Task A_token_is_taken_in_every_form_until_its_key_is_revoked()
    {
        var access = await parley.CreateTenantAsync("Tokens");
        using var issued = await SendAsync(Path, Body("1", access.ApiKey) + "&scope=messages:read");
        var token = ApiHelpers.Text((await issued.ReadAsync())["access_token"]);
        foreach (var form in new[] { $"Bearer {token}", $"bearer {token}", $"Api-Key {token}", token })
        {
            using var response = await GetAsync(form);
            Assert.Equal(200, (int)response.StatusCode);
            using var own = await GetAsync(form, $"{access.Tenant}.0");
            Assert.Equal(200, (int)own.StatusCode);
            using var other = await GetAsync(form, $"{access.Tenant + 1}");
            await other.AssertProblemAsync(403, "tenant_forbidden");
        }

        using (var refused = await parley.NewClient(token).SendJsonAsync(HttpMethod.Post, "v1/conversations", new { }))
        {
            await refused.AssertProblemAsync(403, "scope_missing");
        }

        var began = TimeProvider.System.GetTimestamp();
        await parley.NewClient(parley.AdminKey).CallAsync(HttpMethod.Delete, $"v1/admin/tenants/{access.Tenant}/keys/1");
        await Eventually.TrueAsync(async () =>
        {
            using var response = await GetAsync($"Bearer {token}");
            return (int)response.StatusCode == 401;
        });
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(32));
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("basic")]
    public async Task Basic_authenticates(string scheme)
    {
        using var response = await SendAsync(Path, Grant, scheme, Base64($"1:{parley.ApiKey}"));
        await response.ReadAsync();
    }

    /// <summary>RFC 6749, section 2.3.1: id and key are form-urlencoded before they are joined.</summary>
    [Fact]
    public async Task Basic_may_be_percent_encoded()
    {
        var encoded = string.Concat(Encoding.UTF8.GetBytes(parley.ApiKey).Select(one => $"%{one:x2}"));
        using var response = await SendAsync(Path, Grant, "Basic", Base64($"%31:{encoded}"));
        await response.ReadAsync();
    }

    [Fact]
    public async Task The_body_may_be_percent_encoded_and_name_a_charset()
    {
        var body = $"{Grant}&client_id=%31&client_secret={parley.ApiKey.Replace("_", "%5F", StringComparison.Ordinal)}&scope=messages:read+messages%3Awrite";
        using var content = Form(body, "application/x-www-form-urlencoded; charset=UTF-8");
        using var response = await parley.NewClient(token: null).PostAsync(Path, content);
        Assert.Equal("messages:read messages:write", ApiHelpers.Text((await response.ReadAsync())["scope"]));
    }

    [Theory]
    [InlineData("", "messages:read messages:write follow-ups:read follow-ups:write exports:write assistants:write assistants:use admin audit:read")]
    [InlineData("&scope=", "messages:read messages:write follow-ups:read follow-ups:write exports:write assistants:write assistants:use admin audit:read")]
    [InlineData("&scope=&scope=admin", "admin")]
    [InlineData("&scope=follow-ups:read%20messages:read", "messages:read follow-ups:read")]
    [InlineData("&scope=messages:read+messages:read+", "messages:read")]
    [InlineData("&resource=https%3A%2F%2Fparley.test&unknown=x", "messages:read messages:write follow-ups:read follow-ups:write exports:write assistants:write assistants:use admin audit:read")]
    public async Task A_narrower_scope_may_be_requested(string scope, string granted)
    {
        using var response = await SendAsync(Path, Body("1", parley.ApiKey) + scope);
        Assert.Equal(granted, ApiHelpers.Text((await response.ReadAsync())["scope"]));
    }

    [Theory]
    [InlineData("", "invalid_request")]
    [InlineData("grant_type=", "invalid_request")]
    [InlineData("GRANT_TYPE=client_credentials", "invalid_request")]
    [InlineData("grant_type=password&username=a&password=b", "unsupported_grant_type")]
    [InlineData("grant_type=refresh_token&refresh_token=a", "unsupported_grant_type")]
    [InlineData("grant_type=Client_Credentials", "unsupported_grant_type")]
    [InlineData(Grant + "&" + Grant, "invalid_request")]
    [InlineData(Grant + "&client_id=1&client_id=1&client_secret={key}", "invalid_request")]
    [InlineData(Grant + "&client_id=1&client_secret={key}&other=1&other=2", "invalid_request")]
    [InlineData(Grant + "&client_id=1&client_secret={key}&name=%FF", "invalid_request")]
    [InlineData(Grant + "&client_id=1&client_secret={key}&scope=messages:read+nothing", "invalid_scope")]
    [InlineData(Grant + "&client_id=1&client_secret={key}&scope=MESSAGES:READ", "invalid_scope")]
    [InlineData(Grant + "&client_id=1&client_secret={key}&scope=%20", "invalid_scope")]
    [InlineData(Grant, "invalid_client")]
    [InlineData(Grant + "&client_id=1", "invalid_client")]
    [InlineData(Grant + "&client_secret={key}", "invalid_client")]
    [InlineData(Grant + "&client_id=&client_secret={key}", "invalid_client")]
    [InlineData(Grant + "&client_id=2&client_secret={key}", "invalid_client")]
    [InlineData(Grant + "&client_id=01&client_secret={key}", "invalid_client")]
    [InlineData(Grant + "&client_id=1.0&client_secret={key}", "invalid_client")]
    [InlineData(Grant + "&client_id=1+&client_secret={key}", "invalid_client")]
    [InlineData(Grant + "&client_id=1&client_secret=nonsense", "invalid_client")]
    [InlineData(Grant + "&client_id=1&client_secret=parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "invalid_client")]
    public async Task Bad_requests_are_refused(string body, string error)
    {
        using var response = await SendAsync(Path, body.Replace("{key}", parley.ApiKey, StringComparison.Ordinal));
        await AssertRefusedAsync(response, error);
    }

    [Theory]
    [InlineData("Basic", "1:{key}", Grant + "&client_secret={key}", "invalid_request")]
    [InlineData("Basic", "1:{key}", Grant + "&client_id=2", "invalid_request")]
    [InlineData("Basic", "1:{key}", Grant + "&client_id=1&scope=nothing", "invalid_scope")]
    [InlineData("Basic", "1:{key}x", Grant, "invalid_client")]
    [InlineData("Basic", ":{key}", Grant, "invalid_client")]
    [InlineData("Basic", "1", Grant, "invalid_client")]
    [InlineData("Basic", "1:%ff", Grant, "invalid_client")]
    [InlineData("Bearer", "1:{key}", Grant + "&client_id=1&client_secret={key}", "invalid_client")]
    public async Task Bad_authentication_is_refused(string scheme, string credentials, string body, string error)
    {
        using var response = await SendAsync(Path, Filled(body), scheme, Base64(Filled(credentials)));
        await AssertRefusedAsync(response, error);

        string Filled(string text) => text.Replace("{key}", parley.ApiKey, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Basic_must_be_base64()
    {
        using var response = await SendAsync(Path, Grant, "Basic", "1:key");
        await AssertRefusedAsync(response, "invalid_client");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Only_forms_are_read(string? type)
    {
        using var content = Form(Body("1", parley.ApiKey), type);
        using var response = await parley.NewClient(token: null).PostAsync(Path, content);
        await AssertRefusedAsync(response, "invalid_request");
    }

    [Fact]
    public async Task Compressed_bodies_are_refused()
    {
        using var content = Form(Body("1", parley.ApiKey), "application/x-www-form-urlencoded");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await parley.NewClient(token: null).PostAsync(Path, content);
        await AssertRefusedAsync(response, "invalid_request");
    }

    [Fact]
    public async Task The_body_is_bounded()
    {
        var body = Body("1", parley.ApiKey) + "&a=";
        using var longest = await SendAsync(Path, body + new string('a', 8 * 1024 - body.Length));
        await longest.ReadAsync();
        using var longer = await SendAsync(Path, body + new string('a', 8 * 1024 - body.Length + 1));
        await AssertRefusedAsync(longer, "invalid_request");
    }

    [Fact]
    public async Task Parameters_of_the_query_are_not_read()
    {
        using var response = await SendAsync($"{Path}?{Body("1", parley.ApiKey)}", "");
        await AssertRefusedAsync(response, "invalid_request");
        using var ignored = await SendAsync($"{Path}?grant_type=password&scope=nothing", Body("1", parley.ApiKey));
        await ignored.ReadAsync();
    }

    [Fact]
    public async Task A_key_gets_no_scope_that_it_lacks()
    {
        var access = await parley.CreateTenantAsync("Reader");
        var key = await parley.CreateKeyAsync(access.Tenant, "messages:read");

        using var all = await SendAsync(Path, Body("2", key));
        Assert.Equal("messages:read", ApiHelpers.Text((await all.ReadAsync())["scope"]));
        using var more = await SendAsync(Path, Body("2", key) + "&scope=messages:read+admin");
        await AssertRefusedAsync(more, "invalid_scope");
    }

    [Fact]
    public async Task A_revoked_key_gets_no_token()
    {
        var access = await parley.CreateTenantAsync("Revoked");
        var key = await parley.CreateKeyAsync(access.Tenant, "messages:read");
        await parley.NewClient(access.ApiKey).CallAsync(HttpMethod.Delete, "v1/keys/2");

        using var response = await SendAsync(Path, Body("2", key));
        await AssertRefusedAsync(response, "invalid_client");
    }

    [Fact]
    public async Task A_suspended_tenant_gets_no_token()
    {
        var access = await parley.CreateTenantAsync("Suspended");
        await parley.NewClient(parley.AdminKey).CallAsync(HttpMethod.Patch, $"v1/admin/tenants/{access.Tenant}", new { status = "suspended" });

        using var response = await SendAsync(Path, Body("1", access.ApiKey));
        await AssertRefusedAsync(response, "unauthorized_client");
    }

    [Fact]
    public async Task A_token_does_not_outlive_its_key()
    {
        var access = await parley.CreateTenantAsync("Ends");
        var key = await parley.NewClient(parley.AdminKey).CallAsync(
            HttpMethod.Post,
            $"v1/admin/tenants/{access.Tenant}/keys",
            new { label = "Ends", scopes = new[] { "messages:read" }, expiresAt = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(5) },
            System.Net.HttpStatusCode.Created);

        using var response = await SendAsync(Path, Body("2", ApiHelpers.Text(key["key"])!));
        Assert.InRange((await response.ReadAsync())["expires_in"]!.GetValue<int>(), 1, 300);
    }

    [Fact]
    public async Task A_token_costs_a_request_of_the_key()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var access = await parley.CreateTenantAsync("Limited");
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Limits__Key__Requests"] = "2/3600s",
        });
        var client = parley.NewClient(token: null, host.Api);

        using var first = await client.PostAsync(Path, Form(Body("1", access.ApiKey)));
        Assert.Equal("\"key-requests\";q=2;w=3600", Assert.Single(first.Headers.GetValues("RateLimit-Policy")));
        using var second = await client.PostAsync(Path, Form(Body("1", access.ApiKey) + "&scope=nothing"));
        await AssertRefusedAsync(second, "invalid_scope");
        using var third = await client.PostAsync(Path, Form(Body("1", access.ApiKey)));
        Assert.Equal(429, (int)third.StatusCode);
        Assert.Equal("quota_exceeded", ApiHelpers.Text(JsonNode.Parse(await third.Content.ReadAsStringAsync())!["error"]));
    }

    [Theory]
    [InlineData("GET", "v1/oauth/token", 405, "POST")]
    [InlineData("PUT", "oauth/token", 405, "POST")]
    [InlineData("POST", ".well-known/jwks.json", 405, "GET, HEAD")]
    [InlineData("POST", "v2/oauth/token", 404, null)]
    [InlineData("GET", ".well-known/openid-configuration", 404, null)]
    [InlineData("GET", "v1/.well-known/jwks.json", 404, null)]
    public async Task Other_paths_and_methods_are_refused_as_elsewhere(string method, string path, int status, string? allow)
    {
        using var response = await parley.NewClient(token: null).SendJsonAsync(new HttpMethod(method), path, body: null);
        await response.AssertProblemAsync(status, status == 405 ? "method_not_allowed" : "route_not_found");
        Assert.Equal(allow, allow is null ? null : string.Join(", ", response.Content.Headers.Allow));
    }

    private static string Body(string id, string key) => $"{Grant}&client_id={id}&client_secret={key}";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static ByteArrayContent Form(string body, string? type = "application/x-www-form-urlencoded")
    {
        var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return content;
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, string error)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == (error == "invalid_client" ? 401 : 400), $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var body = JsonNode.Parse(text)!.AsObject();
        Assert.Equal(["error", "error_description"], body.Select(member => member.Key));
        Assert.Equal(error, ApiHelpers.Text(body["error"]));
        Assert.Equal(error == "invalid_client" ? "Basic realm=\"parley\"" : "", $"{response.Headers.WwwAuthenticate}");
        AssertNotStored(response);
    }

    private static void AssertNotStored(HttpResponseMessage response)
    {
        Assert.Equal("no-store", $"{response.Headers.CacheControl}");
        Assert.Equal("no-cache", $"{response.Headers.Pragma}");
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string body, string? scheme = null, string? credentials = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Form(body) };
        request.Headers.Authorization = scheme is null ? null : new AuthenticationHeaderValue(scheme, credentials);
        return await parley.NewClient(token: null).SendAsync(request);
    }

    private async Task<HttpResponseMessage> GetAsync(string? authorization, string? tenant = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/conversations");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (tenant is not null)
        {
            request.Headers.Add("X-Tenant", tenant);
        }

        return await parley.NewClient(token: null).SendAsync(request);
    }
}
