using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;
using Parley.Operations.Format;
using Parley.Tenants;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.Compatibility;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

public sealed class TokenSignerTests
{
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, 700, TimeSpan.Zero));

    [Fact]
    public async Task A_token_has_the_claims_of_rfc_9068()
    {
        var process = await ProcessAsync();
        var token = await process.IssueAsync();

        var (header, payload) = (Part(token, 0), Part(token, 1));
        Assert.Equal(["alg", "kid", "typ"], header.Select(member => member.Key).Order());
        Assert.Equal(["ES256", "at+jwt"], [$"{header["alg"]}", $"{header["typ"]}"]);
        Assert.Equal(
            ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "tenant"],
            payload.Select(member => member.Key).Order());
        Assert.Equal(["urn:parley", "urn:parley", "key:7:3"], [$"{payload["iss"]}", $"{payload["aud"]}", $"{payload["sub"]}"]);
        Assert.Equal(("3", 7), (payload["client_id"]!.GetValue<string>(), payload["tenant"]!.GetValue<int>()));
        Assert.Equal("messages:read follow-ups:read", payload["scope"]!.GetValue<string>());
        Assert.Equal(time.GetUtcNow().ToUnixTimeSeconds(), payload["iat"]!.GetValue<long>());
        Assert.Equal(payload["iat"]!.GetValue<long>() + 900, payload["exp"]!.GetValue<long>());
        Assert.Equal(16, Base64UrlEncoder.DecodeBytes($"{payload["jti"]}").Length);
        Assert.Equal((900, TokenProcess.Key.Scopes), (token.ExpiresIn, token.Scopes));
        Assert.NotEqual($"{payload["jti"]}", $"{Part(await process.IssueAsync(), 1)["jti"]}");
        Assert.True(await TokenProcess.VerifiesAsync(token.Text, (await process.FindAsync($"{header["kid"]}"))!));
    }

    [Fact]
    public async Task The_key_id_is_the_thumbprint_of_rfc_7638()
    {
        var key = (await (await ProcessAsync()).SigningKeys.ListAsync(CancellationToken.None))[0];
        Assert.Equal(Base64UrlEncoder.Encode(key.ToJsonWebKey().ComputeJwkThumbprint()), key.Kid);
    }

    [Theory]
    [InlineData(2000.0, 900)]
    [InlineData(900.5, 900)]
    [InlineData(100.0, 100)]
    [InlineData(1.3, 2)]
    [InlineData(0.3, 1)]
    public async Task A_token_does_not_outlive_its_key(double seconds, int lifetime)
    {
        var key = TokenProcess.Key with { ExpiresAt = time.GetUtcNow() + TimeSpan.FromSeconds(seconds) };
        var token = await (await ProcessAsync()).IssueAsync(key);

        Assert.Equal(lifetime, token.ExpiresIn);
        Assert.True(token.Read().ValidTo <= key.ExpiresAt.Value.UtcDateTime);
    }

    [Fact]
    public async Task A_replaced_key_ends_its_tokens_with_the_overlap()
    {
        var key = TokenProcess.Key with { ReplacedAt = time.GetUtcNow() + TimeSpan.FromSeconds(60) };
        Assert.Equal(60, (await (await ProcessAsync()).IssueAsync(key)).ExpiresIn);
    }

    [Fact]
    public async Task A_key_that_ends_within_this_second_gets_no_token()
    {
        var key = TokenProcess.Key with { ExpiresAt = time.GetUtcNow() + TimeSpan.FromSeconds(0.2) };
        var process = await ProcessAsync();
        Assert.Equal(ErrorCode.Unauthenticated, (await Assert.ThrowsAsync<ParleyException>(() => process.IssueAsync(key))).Code);
    }

    /// <summary>Tokens name keys by number, and keys of versions before 0.3.0 have no row of their number.</summary>
    [Fact]
    public async Task A_key_without_a_row_in_the_list_is_listed_at_once()
    {
        var golden = GoldenStore.Read("0.2.0");
        time.Advance(golden.Facts.WrittenAt - time.GetUtcNow());
        var process = await ProcessAsync();
        foreach (var row in golden.Rows.Where(row => row.Table is "Keys" or "Tenants"))
        {
            await (row.Table == "Keys" ? process.Tables.Keys : process.Tables.Tenants).AddEntityAsync(RowLine.Read(row.Line));
        }

        var client = await process.TokenClients.AuthenticateAsync(golden.Facts.ApiKey, CancellationToken.None);

        Assert.Equal((new TenantId(1), 1), (client.Caller.Tenant, client.Key.Number));
        var credential = Credential.OfKey(client.Key.Tenant, client.Key.Number);
        Assert.Equal(client.Key.Hash, (await process.Authenticator.AdmitAsync(credential, CancellationToken.None))!.Hash);
    }

    [Fact]
    public async Task A_listed_key_costs_the_calls_of_its_authentication_only()
    {
        var tables = new StrictTables(time);
        var (_, key) = await TenantProcess.SetUpAsync(tables, time);
        var connection = tables.Connect();
        var process = new ParleyProcess(connection, time, 1);

        await process.TokenClients.AuthenticateAsync(key.Text, CancellationToken.None);
        Assert.Equal(3, connection.Calls);
        await process.TokenClients.AuthenticateAsync(key.Text, CancellationToken.None);
        Assert.Equal(3, connection.Calls);
    }

    private static JsonObject Part(AccessToken token, int part) =>
        JsonNode.Parse(Base64UrlEncoder.Decode(token.Text.Split('.')[part]))!.AsObject();

    private async Task<ParleyProcess> ProcessAsync() =>
        new((await TokenProcess.CreateTablesAsync(time)).Connect(), time, 1);
}
