using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>When an issuer's keys are fetched, and what is accepted meanwhile.</summary>
public sealed class IssuerKeysTests
{
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TestIssuer issuer;
    private readonly IssuerKeys keys;

    public IssuerKeysTests()
    {
        issuer = new TestIssuer(time);
        keys = new IssuerKeys(issuer.Settings, issuer, time, NullLogger.Instance);
    }

    [Fact]
    public async Task Unknown_keys_fetch_once_a_minute_whatever_callers_send()
    {
        Assert.NotNull(await FindAsync("rsa"));
        Assert.Equal(
            [issuer.Settings.Metadata!.AbsoluteUri, "https://keys.issuer.example/keys"], issuer.Fetches);
        for (var second = 0; second < 600; second++)
        {
            for (var i = 0; i < 10; i++)
            {
                Assert.Null(await FindAsync($"unknown-{second}-{i}"));
                Assert.NotNull(await FindAsync("rsa"));
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(10, issuer.ConfigurationFetches);
    }

    [Fact]
    public async Task Tokens_that_arrive_together_share_one_fetch_and_none_waits_for_the_clients_of_others()
    {
        var answer = new TaskCompletionSource();
        issuer.Answering = answer.Task;
        using var leaving = new CancellationTokenSource();
        var gone = keys.FindAsync("rsa", "RS256", leaving.Token);
        var waiting = Enumerable.Range(0, 100).Select(_ => FindAsync("rsa")).ToList();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        answer.SetResult();

        Assert.All(await Task.WhenAll(waiting), Assert.NotNull);
        Assert.Equal(1, issuer.ConfigurationFetches);
    }

    [Fact]
    public async Task While_the_issuer_is_down_known_keys_are_accepted_and_others_are_told_to_return()
    {
        issuer.IsDown = true;
        await AssertUnavailableAsync("rsa", IssuerKeys.Interval);
        time.Advance(TimeSpan.FromSeconds(50));
        await AssertUnavailableAsync("rsa", TimeSpan.FromSeconds(10));

        issuer.IsDown = false;
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.NotNull(await FindAsync("rsa"));

        issuer.IsDown = true;
        for (var hour = 0; hour < 100; hour++)
        {
            time.Advance(TimeSpan.FromHours(1));
            Assert.NotNull(await FindAsync("rsa"));

            // It may be a new key of the issuer.
            await AssertUnavailableAsync("unknown");
        }

        issuer.IsDown = false;
        time.Advance(IssuerKeys.Interval);
        Assert.Null(await FindAsync("unknown"));
    }

    [Fact]
    public async Task A_withdrawn_key_is_refused_after_the_next_fetch_in_the_background()
    {
        Assert.NotNull(await FindAsync("rsa"));
        issuer.Published.Remove("rsa");
        time.Advance(IssuerKeys.MaxAge - TimeSpan.FromTicks(1));
        Assert.NotNull(await FindAsync("rsa"));
        Assert.Equal(1, issuer.ConfigurationFetches);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.NotNull(await FindAsync("rsa"));
        await Eventually.TrueAsync(async () => await FindAsync("rsa") is null);
        Assert.Equal(2, issuer.ConfigurationFetches);
    }

    [Fact]
    public async Task A_failed_fetch_in_the_background_is_repeated_after_a_minute()
    {
        Assert.NotNull(await FindAsync("rsa"));
        issuer.Published.Remove("rsa");
        issuer.IsDown = true;
        time.Advance(IssuerKeys.MaxAge);
        Assert.NotNull(await FindAsync("rsa"));
        await Eventually.TrueAsync(() => issuer.ConfigurationFetches == 2);
        issuer.IsDown = false;
        time.Advance(IssuerKeys.Interval);
        await Eventually.TrueAsync(async () => await FindAsync("rsa") is null);
        Assert.Equal(3, issuer.ConfigurationFetches);
    }

    [Fact]
    public async Task After_an_idle_time_a_withdrawn_key_is_not_accepted_once_more()
    {
        Assert.NotNull(await FindAsync("rsa"));
        issuer.Published.Remove("rsa");
        time.Advance(IssuerKeys.FetchAgainAfter);
        Assert.Null(await FindAsync("rsa"));
    }

    [Fact]
    public async Task Waiting_requests_are_bounded()
    {
        var answer = new TaskCompletionSource();
        issuer.Answering = answer.Task;
        var waiting = Enumerable.Range(0, IssuerKeys.MaxWaiting).Select(_ => FindAsync("rsa")).ToList();
        var refused = await Assert.ThrowsAsync<ParleyException>(() => FindAsync("rsa"));
        Assert.Equal(ErrorCode.Busy, refused.Code);
        answer.SetResult();
        Assert.All(await Task.WhenAll(waiting), Assert.NotNull);
    }

    [Fact]
    public async Task A_configuration_of_another_issuer_gives_no_keys()
    {
        issuer.ConfiguredName = "https://other.example";
        await AssertUnavailableAsync("rsa");
        Assert.Single(issuer.Fetches);
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"issuer":"https://issuer.example/tenant"}""")]
    [InlineData("""{"issuer":"https://issuer.example/tenant","jwks_uri":7}""")]
    [InlineData("""{"issuer":"https://issuer.example/tenant","jwks_uri":"https://issuer.example/empty"}""")]
    public async Task Documents_that_cannot_be_used_leave_the_known_keys(string configuration)
    {
        issuer.Configuration = configuration;
        await AssertUnavailableAsync("rsa");
        issuer.Configuration = null;
        time.Advance(IssuerKeys.Interval);
        Assert.NotNull(await FindAsync("rsa"));
        issuer.Configuration = configuration;
        time.Advance(IssuerKeys.Interval);
        await AssertUnavailableAsync("unknown");
        Assert.NotNull(await FindAsync("rsa"));
    }

    /// <summary>
    /// An issuer that signs with a new key as soon as it is published, and one that publishes it hours before, also
    /// while strangers send keys that nobody has: a good token is never refused.
    /// </summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(90, false)]
    [InlineData(90, true)]
    public async Task Roll_over_under_load_refuses_no_good_token(int minutesPublishedBefore, bool hasStrangers)
    {
        var tables = new StrictTables(time);
        await TenantProcess.SetUpAsync(tables, time);
        var tokens = issuer.At(new ParleyProcess(tables.Connect("process"), time, 2));
        var (signing, next) = ("rsa", "rsa-2");
        for (var minute = 0; minute < 600; minute++)
        {
            if (minute % 200 == 100)
            {
                issuer.Published.Add(next);
            }

            if (minute % 200 == 100 + minutesPublishedBefore)
            {
                (signing, next) = (next, next == "rsa-2" ? "rsa-3" : "rsa-2");
            }

            var strangers = hasStrangers
                ? Enumerable.Range(0, 4).Select(i => Assert.ThrowsAsync<ParleyException>(
                    () => AuthenticateAsync(tokens, issuer.Token(header: h => h["kid"] = $"unknown-{i}")))).ToList()
                : [];
            var good = Enumerable.Range(0, 4).Select(_ => Task.Run(() => AuthenticateAsync(tokens, issuer.Token(key: signing))));
            Assert.All(await Task.WhenAll(good), caller => Assert.Equal(1, caller.Tenant.Number));
            await Task.WhenAll(strangers);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(issuer.ConfigurationFetches, hasStrangers ? 100 : 4, hasStrangers ? 600 : 16);
    }

    /// <summary>RFC 7517, sections 4.5 and 5: others keep working beside keys that cannot be used.</summary>
    [Fact]
    public async Task Keys_that_cannot_be_used_are_left_out_and_one_id_may_have_keys_of_two_types()
    {
        JsonObject ec = TestIssuer.PublicKey("ec"), rsa = TestIssuer.PublicKey("rsa"), encrypts = TestIssuer.PublicKey("rsa-2");
        ec["kid"] = "rsa";
        encrypts["key_ops"] = new JsonArray("encrypt");
        encrypts.Remove("use");
        issuer.KeyDocument = new JsonObject
        {
            ["keys"] = new JsonArray(
                5, null, new JsonObject { ["kty"] = 5, ["kid"] = "a" }, new JsonObject { ["kty"] = "RSA", ["kid"] = "b", ["n"] = "%" }, ec, rsa, encrypts),
        }.ToJsonString();
        Assert.Equal("RS256", (await keys.FindAsync("rsa", "RS256", CancellationToken.None))!.Algorithm);
        Assert.Equal("ES256", (await keys.FindAsync("rsa", "ES256", CancellationToken.None))!.Algorithm);
        Assert.Equal("ES256", (await keys.FindAsync("rsa", "none", CancellationToken.None))!.Algorithm);
        Assert.Null(await FindAsync("a"));
        Assert.Null(await FindAsync("b"));
        Assert.Null(await FindAsync("rsa-2"));
    }

    [Fact]
    public async Task The_log_has_no_text_of_the_issuer()
    {
        var log = new LogLines();
        var logged = new IssuerKeys(issuer.Settings, issuer, time, log);
        issuer.ConfiguredName = "x\n\u001b[31m\u202e" + new string('Z', 100_000);
        await Assert.ThrowsAsync<ParleyException>(() => logged.FindAsync("rsa", "RS256", CancellationToken.None));
        var line = Assert.Single(log.Lines);
        Assert.EndsWith("could not be fetched: its configuration names another issuer", line, StringComparison.Ordinal);

        issuer.ConfiguredName = TestIssuer.Name;
        time.Advance(IssuerKeys.Interval);
        Assert.NotNull(await logged.FindAsync("rsa", "RS256", CancellationToken.None));
        Assert.Contains("are not used, because of their type, length or algorithm: ec384, short", log.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_has_the_one_algorithm_of_its_type_or_the_one_that_it_names()
    {
        Assert.Equal("RS256", (await FindAsync("rsa"))!.Algorithm);
        Assert.Equal("PS256", (await FindAsync("pss"))!.Algorithm);
        Assert.Equal("ES256", (await FindAsync("ec"))!.Algorithm);
        Assert.Null(await FindAsync("ec384"));
        Assert.Null(await FindAsync("short"));
        Assert.Null(await FindAsync("encryption"));
        var wider = new IssuerKeys(issuer.Settings with { Algorithms = ["ES384"] }, issuer, time, NullLogger.Instance);
        var pss = new IssuerKeys(issuer.Settings with { Algorithms = ["PS512", "RS256"] }, issuer, time, NullLogger.Instance);
        Assert.Equal("PS512", (await pss.FindAsync("rsa", "RS256", CancellationToken.None))!.Algorithm);
        Assert.Null(await pss.FindAsync("pss", "RS256", CancellationToken.None));
        Assert.Equal("ES384", (await wider.FindAsync("ec384", "RS256", CancellationToken.None))!.Algorithm);
        Assert.Null(await wider.FindAsync("rsa", "RS256", CancellationToken.None));
    }

    private async Task AssertUnavailableAsync(string id, TimeSpan? retryAfter = null)
    {
        var failure = await Assert.ThrowsAsync<ParleyException>(() => FindAsync(id));
        Assert.Equal(ErrorCode.IssuerUnavailable, failure.Code);
        Assert.Equal(retryAfter ?? failure.RetryAfter, failure.RetryAfter);
    }

    private static Task<Parley.Tenants.Caller> AuthenticateAsync(AccessTokens tokens, string token) =>
        tokens.AuthenticateAsync(token, () => null, CancellationToken.None);

    private Task<IssuerKey?> FindAsync(string id) => keys.FindAsync(id, "RS256", CancellationToken.None);

    private sealed class LogLines : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
