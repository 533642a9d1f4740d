using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Parley.DevHost;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>Access tokens of another issuer, which is a server on this machine.</summary>
public class IssuerTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task Users_of_another_issuer_call_the_api()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var (first, second) = (await parley.CreateTenantAsync("First"), await parley.CreateTenantAsync("Second"));
        var conversation = await parley.NewClient(first.ApiKey).CreateConversationAsync();
        await using var issuer = await Issuer.StartAsync();
        await using var host = await StartAsync(issuer.Name);

        // A user of the first tenant, who may write.
        var ada = Client(host, issuer.Token("ada", $"{first.Tenant}", "messages:read messages:write"));
        await ada.PostAsync(conversation, "Hello");
        var message = await ada.MessageAsync(conversation);
        Assert.Equal("Ada of Issuer", ApiHelpers.Text(message["user_name"]));
        Assert.InRange(message["user_id"]!.GetValue<int>(), 1 << 30, int.MaxValue);

        // The same user without the scope, of another tenant, and without a token that is valid.
        var reader = Client(host, issuer.Token("ada", $"{first.Tenant}", "messages:read"));
        using (var refused = await reader.SendJsonAsync(HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = "x" }))
        {
            await refused.AssertProblemAsync(403, "scope_missing");
            Assert.Equal("Bearer error=\"insufficient_scope\"", $"{refused.Headers.WwwAuthenticate}");
        }

        var stranger = Client(host, issuer.Token("eve", $"{second.Tenant}", "messages:read messages:write"));
        await stranger.RefusedAsync(HttpMethod.Get, $"v1/conversations/{conversation}", body: null, 404, "conversation_not_found");
        using (var refused = await Client(host, issuer.Token("ada", $"{first.Tenant}", "messages:read") + "A").GetAsync("v1/conversations"))
        {
            await refused.AssertProblemAsync(401, "unauthenticated");
            Assert.Equal("Bearer error=\"invalid_token\"", $"{refused.Headers.WwwAuthenticate}");
        }

        // A user of both tenants chooses.
        var both = Client(host, issuer.Token("bo", $"{first.Tenant} {second.Tenant}", "messages:read"));
        await both.RefusedAsync(HttpMethod.Get, "v1/conversations", body: null, 422, "invalid_fields", "X-Tenant");
        both.DefaultRequestHeaders.Add("X-Tenant", $"{second.Tenant}");
        Assert.Empty((await both.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray());

        // An administrative call that is refused is in the log with its subject.
        await reader.RefusedAsync(HttpMethod.Get, "v1/keys", body: null, 403, "scope_missing");
        reader.DefaultRequestHeaders.Add("X-Tenant", $"{second.Tenant}");
        await reader.RefusedAsync(HttpMethod.Get, "v1/keys", body: null, 403, "tenant_forbidden");
        var auditor = Client(host, issuer.Token("auditor", $"{first.Tenant}", "audit:read"));
        var entries = (await auditor.CallAsync(HttpMethod.Get, "v1/audit"))["results"]!.AsArray().Take(2).ToList();
        Assert.All(entries, entry => Assert.Equal(
            ("subject", issuer.Name, "ada", "refused"),
            ($"{entry!["actor"]}", $"{entry["issuer"]}", $"{entry["subject"]}", $"{entry["result"]}")));
        Assert.Equal(1, issuer.Fetches);
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_is_named()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        await using var issuer = await Issuer.StartAsync();
        await using var host = await StartAsync(issuer.Name);
        issuer.IsDown = true;
        using var refused = await Client(host, issuer.Token("ada", "1", "messages:read")).GetAsync("v1/conversations");
        await refused.AssertProblemAsync(503, "issuer_unavailable");
        Assert.Equal(TimeSpan.FromMinutes(1), refused.Headers.RetryAfter!.Delta);

        // API keys do not depend on it.
        await parley.NewClient(parley.ApiKey, host.Api).CallAsync(HttpMethod.Get, "v1/conversations");
    }

    private static async Task<FunctionsHost> StartAsync(string issuer) => await TestHost.StartAsync(new Dictionary<string, string?>
    {
        ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
        ["Auth__Issuers__0__Issuer"] = issuer,
        ["Auth__Issuers__0__Audiences"] = "api://parley",
        ["Auth__Issuers__0__TenantClaim"] = "tenants",
        ["Auth__Issuers__0__ActorClaim"] = "name",
    });

    private HttpClient Client(FunctionsHost host, string token) => parley.NewClient(token, host.Api);

    /// <summary>An identity provider with one key.</summary>
    private sealed class Issuer : IAsyncDisposable
    {
        private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly WebApplication app;
        private int fetches;

        private Issuer()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            app = builder.Build();
            app.MapGet("/.well-known/openid-configuration", () =>
            {
                Interlocked.Increment(ref fetches);
                return IsDown
                    ? Microsoft.AspNetCore.Http.Results.StatusCode(503)
                    : Microsoft.AspNetCore.Http.Results.Json(new { issuer = Name, jwks_uri = $"{Name}/keys" });
            });
            app.MapGet("/keys", () =>
            {
                var point = key.ExportParameters(includePrivateParameters: false).Q;
                var (x, y) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
                return new { keys = new[] { new { kty = "EC", crv = "P-256", kid = "one", use = "sig", x, y } } };
            });
        }

        public string Name => app.Urls.Single();

        public bool IsDown { get; set; }

        public int Fetches => fetches;

        public static async Task<Issuer> StartAsync()
        {
            var issuer = new Issuer();
            await issuer.app.StartAsync();
            return issuer;
        }

        public string Token(string subject, string tenants, string scope)
        {
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            var start = Encode(new { alg = "ES256", typ = "at+jwt", kid = "one" }) + "." + Encode(new
            {
                iss = Name,
                aud = "api://parley",
                sub = subject,
                iat = now,
                exp = now + 600,
                scope,
                tenants,
                name = subject == "ada" ? "Ada of Issuer" : subject,
            });
            var signature = key.SignData(Encoding.ASCII.GetBytes(start), HashAlgorithmName.SHA256);
            return $"{start}.{Base64Url.EncodeToString(signature)}";
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            key.Dispose();
        }

        private static string Encode(object json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));
    }
}
