using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;
using Parley.Tenants;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>What valid access tokens give, and when they end.</summary>
public sealed class AccessTokensTests : IAsyncLifetime
{
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TestIssuer issuer;
    private readonly StrictTables tables;
    private readonly TableConnection connection;
    private readonly ParleyProcess process;
    private readonly AccessTokens tokens;
    private TenantId tenant;
    private NewApiKey key = null!;

    public AccessTokensTests()
    {
        tables = new StrictTables(time);
        issuer = new TestIssuer(time);
        connection = tables.Connect("process");
        process = new ParleyProcess(connection, time, 2);
        tokens = issuer.At(process);
    }

    public async Task InitializeAsync() => (tenant, key) = await TenantProcess.SetUpAsync(tables, time);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_token_of_parley_is_its_key_with_the_tokens_scopes()
    {
        var token = await process.TokenSigner.IssueAsync(key.Key, Scopes.MessagesRead, CancellationToken.None);
        var caller = await AuthenticateAsync(token.Text);

        Assert.Equal((tenant, key.Key.Number, key.Key.Label), (caller.Tenant, caller.Number, caller.Name));
        Assert.Equal(Scopes.MessagesRead, caller.Scopes);
        Assert.Null(caller.Subject);
        Assert.Equal(ErrorCode.ScopeMissing, Assert.Throws<ParleyException>(() => caller.Require(Scopes.Admin)).Code);
    }

    [Fact]
    public async Task A_token_of_parley_gives_no_scope_that_its_key_lacks()
    {
        var token = await process.TokenSigner.IssueAsync(key.Key, Scopes.MessagesRead | Scopes.ExportsWrite, CancellationToken.None);
        Assert.Equal(Scopes.MessagesRead, (await AuthenticateAsync(token.Text)).Scopes);
    }

    /// <summary>Tokens that name Parley's own key.</summary>
    [Fact]
    public async Task A_forged_token_of_parley_is_refused()
    {
        var token = (await process.IssueAsync(key.Key)).Text;
        var parts = token.Split('.');
        var kid = (await process.SigningKeys.ListAsync(CancellationToken.None))[0].Kid;
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
        const string Signature = "The access token has a signature that does not fit.";
        foreach (var (forged, text) in new[]
        {
            (Changed(claims.Replace("\"tenant\":1", "\"tenant\":2", StringComparison.Ordinal)), Signature),
            (Changed(claims.Replace("\"scope\":\"", "\"scope\":\"exports:write ", StringComparison.Ordinal)), Signature),
            (TestIssuer.Signed($$"""{"alg":"ES256","typ":"at+jwt","kid":"{{kid}}"}""", claims, "ec"), Signature),
            (TestIssuer.Signed($$"""{"alg":"RS256","typ":"at+jwt","kid":"{{kid}}"}""", claims, "rsa"),
                "The access token has the algorithm 'RS256', but its key is for ES256."),
            (TestIssuer.Signed($$"""{"alg":"none","typ":"at+jwt","kid":"{{kid}}"}""", claims, "rsa"),
                "The access token has the algorithm 'none', but its key is for ES256."),
            (TestIssuer.Signed($$"""{"alg":"ES256","typ":"JWT","kid":"{{kid}}"}""", claims, "ec"),
                "The access token has the type 'JWT'; accepted is at+jwt."),
            (token[..(token.LastIndexOf('.') + 1)], "The access token has no signature."),
            (await SignedAsync(claims => claims.Audience = "api://else"),
                "The access token is not for this service: its 'aud' names none of its audiences."),
            (await SignedAsync(claims => claims.Claims["client_id"] = "one"),
                "The access token does not name an API key as tokens of this service do."),
            (await SignedAsync(claims => claims.Claims["tenant"] = 0),
                "The access token does not name an API key as tokens of this service do."),
            (await SignedAsync(claims => claims.Claims["tenant"] = 2), "The API key is not valid."),
            (await SignedAsync(claims => claims.Claims["client_id"] = "999"), "The API key is not valid."),
        })
        {
            Assert.NotEqual(token, forged);
            await AssertRefusedAsync(forged, ErrorCode.Unauthenticated, text);
        }

        await AuthenticateAsync(await SignedAsync(_ => { }));

        string Changed(string payload) => $"{parts[0]}.{TestIssuer.Encode(payload)}.{parts[2]}";
    }

    [Fact]
    public async Task A_token_dies_with_its_key_within_thirty_seconds()
    {
        var token = await process.IssueAsync(key.Key);
        var caller = await AuthenticateAsync(token.Text);
        await TenantProcess.RevokeAsync(process, tenant, key.Key.Number);

        time.Advance(CredentialCache.CacheTime + TimeSpan.FromTicks(1));
        await AssertRefusedAsync(token.Text, ErrorCode.Unauthenticated, "The API key is not valid.");
        Assert.NotNull(await process.Authenticator.FindRefusalAsync(
            caller, OpenCalls.MaxAge, OpenCalls.Interval, CancellationToken.None));

        // Repeated, it costs no storage call.
        var before = connection.Calls;
        await AssertRefusedAsync(token.Text, ErrorCode.Unauthenticated, "The API key is not valid.");
        Assert.Equal(before, connection.Calls);
    }

    [Fact]
    public async Task A_token_ends_with_the_overlap_of_its_rotated_key()
    {
        var token = await process.IssueAsync(key.Key);
        await TenantProcess.RotateAsync(process, tenant, key.Key.Number, TimeSpan.FromMinutes(2));
        Assert.Equal(key.Key.Number, (await AuthenticateAsync(token.Text)).Number);
        time.Advance(TimeSpan.FromMinutes(2));
        await AssertRefusedAsync(token.Text, ErrorCode.Unauthenticated, "The API key is not valid.");
    }

    [Fact]
    public async Task A_token_of_parley_expires_and_is_not_accepted_elsewhere()
    {
        var token = await process.IssueAsync(key.Key);
        var elsewhere = new StrictTables(time);
        await TenantProcess.SetUpAsync(elsewhere, time);
        var other = issuer.At(new ParleyProcess(elsewhere.Connect("other"), time, 3));
        Assert.Contains("does not publish, or that", (await RefusalAsync(other, token.Text)).Message, StringComparison.Ordinal);
        time.Advance(TokenSigner.Lifetime + TokenVerifier.Skew - TimeSpan.FromTicks(1));
        await AuthenticateAsync(token.Text);
        time.Advance(TimeSpan.FromTicks(1));
        await AssertRefusedAsync(token.Text, ErrorCode.Unauthenticated, "The access token has expired.");
    }

    [Theory]
    [InlineData("""{"scope":"messages:read follow-ups:read"}""", Scopes.MessagesRead | Scopes.FollowUpsRead)]
    [InlineData("""{"scope":["messages:read","exports:write"]}""", Scopes.MessagesRead | Scopes.ExportsWrite)]
    [InlineData("""{"scope":"messages:read","roles":["admin","Reader"]}""", Scopes.MessagesRead | Scopes.Admin)]
    [InlineData("""{"roles":"audit:read assistants:use"}""", Scopes.AuditRead | Scopes.AssistantsUse)]
    [InlineData("""{"scp":"messages:read"}""", Scopes.None)]
    [InlineData("""{"scope":"Messages:Read,messages:read  *"}""", Scopes.None)]
    [InlineData("""{"scope":{"messages:read":true}}""", Scopes.None)]
    public async Task Scopes_come_from_the_claims_that_the_settings_name(string claims, Scopes expected)
    {
        var caller = await AuthenticateAsync(issuer.Token(c => Replace(c, claims, "scope")));
        Assert.Equal(expected, caller.Scopes);
    }

    [Theory]
    [InlineData("""{"tenants":[1]}""", null, "")]
    [InlineData("""{"tenants":"1"}""", null, "")]
    [InlineData("""{"tenants":1}""", null, "")]
    [InlineData("""{"tenants":"1 1"}""", null, "")]
    [InlineData("""{"tenants":[1,2]}""", "1", "")]
    [InlineData("""{"tenants":[1,2]}""", "01", "")]
    [InlineData("""{"tenants":["acme",true,null,1]}""", null, "")]
    [InlineData("""{"tenants":[1,2]}""", null, "invalid_fields")]
    [InlineData("""{"tenants":[1,3]}""", "2", "tenant_forbidden")]
    [InlineData("""{"tenants":[1]}""", "2", "")]
    [InlineData("""{"tenants":[2]}""", null, "tenant_forbidden")]
    [InlineData("""{"tenants":[77]}""", null, "tenant_forbidden")]
    [InlineData("""{"tenants":[]}""", null, "tenant_forbidden")]
    [InlineData("""{}""", "1", "tenant_forbidden")]
    [InlineData("""{"tenants":[1.0]}""", null, "tenant_forbidden")]
    [InlineData("""{"tenants":[-1,0,16777216]}""", null, "tenant_forbidden")]
    public async Task A_token_reaches_the_tenants_that_it_names_and_x_tenant_chooses_if_they_are_several(string claims, string? named, string refusal)
    {
        var token = issuer.Token(c => Replace(c, claims, "tenants"));
        if (refusal.Length == 0)
        {
            Assert.Equal(1, (await tokens.AuthenticateAsync(token, () => named, CancellationToken.None)).Tenant.Number);
        }
        else
        {
            var problem = await Assert.ThrowsAsync<ParleyException>(() => tokens.AuthenticateAsync(token, () => named, CancellationToken.None));
            Assert.Equal(refusal, problem.Code.Code);
        }
    }

    [Fact]
    public async Task An_issuer_reaches_no_tenant_but_its_own()
    {
        var second = await process.Administration.CreateTenantAsync("Second", TenantProcess.Operator, CancellationToken.None);
        var both = issuer.Token(c => c["tenants"] = new JsonArray(1, second.Tenant.Number));
        var limited = issuer.At(process, issuer.Settings with { Tenants = new HashSet<TenantId> { second.Tenant } });
        Assert.Equal(second.Tenant, (await limited.AuthenticateAsync(both, () => null, CancellationToken.None)).Tenant);
        Assert.Equal(ErrorCode.TenantForbidden, (await RefusalAsync(limited, issuer.Token())).Code);

        var withoutClaim = issuer.At(process, issuer.Settings with { TenantClaim = null, Tenants = new HashSet<TenantId> { tenant } });
        Assert.Equal(tenant, (await withoutClaim.AuthenticateAsync(both, () => null, CancellationToken.None)).Tenant);
    }

    [Fact]
    public async Task Subjects_have_names_and_numbers_of_their_own()
    {
        var ada = await AuthenticateAsync(issuer.Token());
        var again = await AuthenticateAsync(issuer.Token(c => c["name"] = "Ada L."));
        var other = await AuthenticateAsync(issuer.Token(c => c["sub"] = "user-8"));

        Assert.Equal(new TokenSubject(TestIssuer.Name, "user-7"), ada.Subject);
        Assert.Equal(ada.Number, again.Number);
        Assert.NotEqual(ada.Number, other.Number);
        Assert.All([ada, other], caller => Assert.InRange(caller.Number, 1 << 30, int.MaxValue));
    }

    [Theory]
    [InlineData("Ada", "Ada")]
    [InlineData(" A\u202Ed\u0000a\n ", "Ada")]
    [InlineData("\u200E\t", "user-7")]
    [InlineData("\u2028\u00A0", "user-7")]
    [InlineData(null, "user-7")]
    public async Task A_name_has_no_characters_that_mislead(string? name, string expected) =>
        Assert.Equal(expected, (await AuthenticateAsync(issuer.Token(c => c["name"] = name))).Name);

    [Fact]
    public async Task A_long_name_is_cut_between_characters()
    {
        var name = (await AuthenticateAsync(issuer.Token(c => c["name"] = string.Concat(Enumerable.Repeat("👩", 200))))).Name;
        Assert.Equal(250, name.Length);
        Assert.False(char.IsHighSurrogate(name[^1]));
    }

    [Fact]
    public async Task A_suspended_tenant_refuses_tokens_too()
    {
        var own = await process.IssueAsync(key.Key);
        await process.Administration.ChangeAsync(
            tenant, null, TenantState.Suspended, TenantProcess.Operator, CancellationToken.None);
        foreach (var token in new[] { own.Text, issuer.Token() })
        {
            Assert.Equal(ErrorCode.TenantSuspended, (await RefusalAsync(tokens, token)).Code);
        }
    }

    [Fact]
    public async Task Warm_tokens_cost_no_storage_call()
    {
        var own = await process.IssueAsync(key.Key);
        await AuthenticateAsync(own.Text);
        await AuthenticateAsync(issuer.Token());
        var before = connection.Calls;
        for (var i = 0; i < 100; i++)
        {
            await AuthenticateAsync(own.Text);
            await AuthenticateAsync(issuer.Token(c => c["jti"] = $"{i}"));
        }

        Assert.Equal(before, connection.Calls);
        Assert.Equal(1, issuer.ConfigurationFetches);
    }

    /// <summary>
    /// The form of an access token of Entra ID, version 2.0, for an app role and for a delegated permission, with the
    /// settings that docs/operations.md shows.
    /// </summary>
    [Theory]
    [InlineData("""{"idtyp":"app","roles":["messages:read"],"name":null}""", "b2ff6d9e-0000-4000-8000-000000000003")]
    [InlineData("""{"scp":"messages:read profile","name":"Ada Lovelace","preferred_username":"ada@example.com"}""", "Ada Lovelace")]
    public async Task A_token_in_the_form_of_entra_id(string claims, string name)
    {
        const string Directory = "b2ff6d9e-0000-4000-8000-000000000001";
        const string Client = "b2ff6d9e-0000-4000-8000-000000000002";
        const string Issuer = $"https://login.microsoftonline.com/{Directory}/v2.0";
        issuer.ConfiguredName = Issuer;
        var settings = Assert.Single(IssuerSettingsTests.Read(
            ("Issuer", Issuer),
            ("Audiences", Client),
            ("Types", "JWT"),
            ("ScopeClaim", "scp"),
            ("RolesClaim", "roles"),
            ("ActorClaim", "name"),
            ("Tenants", "1")));
        var token = issuer.Token(
            c =>
            {
                c.Clear();
                var body = $$"""
                    {"aud":"{{Client}}","iss":"{{Issuer}}","iat":{{issuer.Now}},"nbf":{{issuer.Now}},
                    "exp":{{issuer.Now + 4_000}},"aio":"E2ZgYDhk","azp":"b2ff6d9e-0000-4000-8000-000000000004",
                    "azpacr":"1","oid":"b2ff6d9e-0000-4000-8000-000000000003","rh":"0.AAAA",
                    "sub":"b2ff6d9e-0000-4000-8000-000000000003","tid":"{{Directory}}","uti":"xyz","ver":"2.0"}
                    """;
                foreach (var (member, value) in JsonNode.Parse(body)!.AsObject().Concat(JsonNode.Parse(claims)!.AsObject()))
                {
                    c[member] = value?.DeepClone();
                }
            },
            h => h["typ"] = "JWT");
        var caller = await issuer.At(process, settings).AuthenticateAsync(token, () => null, CancellationToken.None);
        Assert.Equal((tenant, Scopes.MessagesRead, name), (caller.Tenant, caller.Scopes, caller.Name));
    }

    /// <summary>A token with Parley's own key, as only Parley can make it.</summary>
    private async Task<string> SignedAsync(Action<SecurityTokenDescriptor> change)
    {
        var own = (await process.SigningKeys.ListAsync(CancellationToken.None))[0];
        var token = new SecurityTokenDescriptor
        {
            TokenType = TokenClaims.Type,
            Issuer = TokenClaims.Issuer,
            Audience = TokenClaims.Issuer,
            IssuedAt = time.GetUtcNow().UtcDateTime,
            Expires = time.GetUtcNow().UtcDateTime.AddMinutes(5),
            SigningCredentials = new SigningCredentials(process.SigningKeyStore.Open(own), TokenClaims.Algorithm),
            Claims = new Dictionary<string, object>
            {
                ["sub"] = "key:1:1",
                ["client_id"] = $"{key.Key.Number}",
                ["tenant"] = tenant.Number,
                ["scope"] = "messages:read",
            },
        };
        change(token);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(token);
    }

    private static void Replace(JsonObject claims, string with, string without)
    {
        claims.Remove(without);
        foreach (var (name, value) in JsonNode.Parse(with)!.AsObject())
        {
            claims[name] = value?.DeepClone();
        }
    }

    private Task<Caller> AuthenticateAsync(string token) => tokens.AuthenticateAsync(token, () => null, CancellationToken.None);

    private static Task<ParleyException> RefusalAsync(AccessTokens tokens, string token) =>
        Assert.ThrowsAsync<ParleyException>(() => tokens.AuthenticateAsync(token, () => null, CancellationToken.None));

    private async Task AssertRefusedAsync(string token, ErrorCode code, string text)
    {
        var refusal = await RefusalAsync(tokens, token);
        Assert.Equal((code, text), (refusal.Code, refusal.Message));
    }
}
