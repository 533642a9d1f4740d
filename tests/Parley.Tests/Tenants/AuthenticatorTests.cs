using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

public sealed class AuthenticatorTests : IAsyncLifetime
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly LogLines log = new();
    private TenantId tenant;
    private NewApiKey key = null!;

    public AuthenticatorTests() => tables = new StrictTables(time);

    public async Task InitializeAsync() => (tenant, key) = await TenantProcess.SetUpAsync(tables, time);

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("nonsense")]
    [InlineData("parley_unknown")]
    [InlineData("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_malformed_key_costs_no_call(string text)
    {
        var (authenticator, connection) = Connect();
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(authenticator, text));
        Assert.Equal(0, connection.Calls);
    }

    [Fact]
    public async Task A_known_key_costs_no_call_for_half_a_minute()
    {
        var (authenticator, connection) = Connect();
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
        }

        Assert.Equal(3, connection.Calls);
        time.Advance(CredentialCache.CacheTime + TimeSpan.FromTicks(1));
        Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
        Assert.Equal(6, connection.Calls);
    }

    [Fact]
    public async Task A_refused_key_is_remembered_for_some_seconds()
    {
        var (authenticator, connection) = Connect();
        var unknown = ApiKeyToken.Create(new RandomSource(77));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(authenticator, unknown));
        }

        Assert.Equal(1, connection.Calls);
        time.Advance(RefusedCredentials.KeptFor);
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(authenticator, unknown));
        Assert.Equal(2, connection.Calls);
    }

    [Fact]
    public void The_memory_of_refused_keys_is_bounded_and_keeps_the_latest()
    {
        var refused = new RefusedCredentials(time);
        for (var i = 0; i < 100_000; i++)
        {
            refused.Add(Credential.OfKeyText($"{i}"));
        }

        Assert.InRange(refused.Count, RefusedCredentials.MaxInHalf, 2 * RefusedCredentials.MaxInHalf);
        Assert.All(
            Enumerable.Range(100_000 - RefusedCredentials.MaxInHalf, RefusedCredentials.MaxInHalf),
            i => Assert.True(refused.Contains(Credential.OfKeyText($"{i}"))));
    }

    [Fact]
    public async Task Requests_with_one_key_share_a_lookup()
    {
        var open = new TaskCompletionSource();
        var (authenticator, connection) = Connect(new TableHooks { Before = async (_, _) => await open.Task });
        var requests = Enumerable.Range(0, 100).Select(_ => TenantProcess.RefusalAsync(authenticator, key.Text)).ToList();
        open.SetResult();
        Assert.All(await Task.WhenAll(requests), Assert.Null);
        Assert.Equal(3, connection.Calls);
    }

    [Fact]
    public async Task A_client_that_disconnects_does_not_end_the_lookup_of_others()
    {
        var open = new TaskCompletionSource();
        var (authenticator, connection) = Connect(new TableHooks { Before = async (_, _) => await open.Task });
        using var gone = new CancellationTokenSource();
        var first = authenticator.AuthenticateAsync(key.Text, gone.Token);
        var second = authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        open.SetResult();
        Assert.Equal(1, (await second).Number);
        Assert.Equal(3, connection.Calls);
    }

    [Fact]
    public async Task A_flood_of_unknown_keys_is_bounded_and_does_not_keep_out_a_known_one()
    {
        var (open, isFlooded) = (new TaskCompletionSource(), false);
        var (authenticator, connection) = Connect(new TableHooks { Before = async (_, _) => await (isFlooded ? open.Task : Task.CompletedTask) });
        Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
        time.Advance(CredentialCache.CacheTime + TimeSpan.FromTicks(1));
        isFlooded = true;
        var before = connection.Calls;
        var random = new RandomSource(5);
        var flood = Enumerable.Range(0, 2_000).Select(i => ApiKeyToken.Create(random)[..(i % 2 == 0 ? 50 : 56)])
            .Select(text => TenantProcess.RefusalAsync(authenticator, text)).ToList();
        var known = TenantProcess.RefusalAsync(authenticator, key.Text);

        Assert.Equal(CredentialCache.MaxUnknownAtOnce + 1, connection.Calls - before);
        const int Admitted = CredentialCache.MaxUnknownAtOnce + CredentialCache.MaxWaiting;
        Assert.Equal(2_000 - Admitted, flood.Count(one => one.IsCompleted));
        open.SetResult();
        Assert.Null(await known);
        var answers = await Task.WhenAll(flood);
        Assert.Equal(Admitted, answers.Count(code => code == ErrorCode.Unauthenticated));
        Assert.Equal(2_000 - Admitted, answers.Count(code => code == ErrorCode.Busy));

        // The places are free again.
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(authenticator, ApiKeyToken.Create(random)));
    }

    [Fact]
    public async Task Many_valid_keys_at_once_are_accepted_by_a_cold_instance_while_a_stranger_repeats_others()
    {
        var open = new TaskCompletionSource();
        var (authenticator, _) = Connect(new TableHooks { Before = async (_, _) => await open.Task });
        var process = new ParleyProcess(tables.Connect("keys"), time, 7);
        var texts = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            texts.Add((await TenantProcess.CreateKeyAsync(process, tenant)).Text);
        }

        var random = new RandomSource(8);
        var stranger = Enumerable.Range(0, 200).Select(_ => TenantProcess.RefusalAsync(authenticator, ApiKeyToken.Create(random))).ToList();
        var valid = texts.Select(text => TenantProcess.RefusalAsync(authenticator, text)).ToList();
        open.SetResult();
        Assert.All(await Task.WhenAll(valid), Assert.Null);
        Assert.All(await Task.WhenAll(stranger), code => Assert.Equal(ErrorCode.Unauthenticated, code));
    }

    [Fact]
    public async Task A_lookup_waits_a_bounded_time_for_its_turn()
    {
        var open = new TaskCompletionSource();
        var (authenticator, connection) = Connect(new TableHooks { Before = async (_, _) => await open.Task });
        var random = new RandomSource(9);
        var first = Enumerable.Range(0, CredentialCache.MaxUnknownAtOnce).Select(_ => TenantProcess.RefusalAsync(authenticator, ApiKeyToken.Create(random))).ToList();
        var waiting = TenantProcess.RefusalAsync(authenticator, key.Text);
        time.Advance(CredentialCache.MaxWait - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.Busy, await waiting);
        Assert.Equal(CredentialCache.MaxUnknownAtOnce, connection.Calls);
        open.SetResult();
        await Task.WhenAll(first);
        Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
    }

    [Fact]
    public void A_full_memory_forgets_its_older_half_and_keeps_what_is_set_again()
    {
        var memory = new RecentEntries<string, int>(maxInHalf: 100);
        for (var i = 0; i < 10_000; i++)
        {
            memory.Set($"{i}", i);
            memory.Set("in use", i);
            Assert.InRange(memory.Count, 1, 200);
            Assert.True(memory.TryGet($"{Math.Max(0, i - 90)}", out var recent) && recent == Math.Max(0, i - 90));
        }

        Assert.True(memory.TryGet("in use", out var last) && last == 9_999);
        memory.Remove("in use");
        Assert.False(memory.TryGet("in use", out _));
    }

    [Fact]
    public async Task The_key_of_an_open_call_does_not_wait_for_unknown_keys()
    {
        var caller = await new ParleyProcess(tables.Connect("first"), time, 14).Authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        var (open, isFlooded) = (new TaskCompletionSource(), true);
        var (authenticator, _) = Connect(new TableHooks { Before = async (_, _) => await (isFlooded ? open.Task : Task.CompletedTask) });
        var random = new RandomSource(15);
        var flood = Enumerable.Range(0, 1_500).Select(_ => TenantProcess.RefusalAsync(authenticator, ApiKeyToken.Create(random))).ToList();
        Assert.Equal(ErrorCode.Busy, await TenantProcess.RefusalAsync(authenticator, key.Text));
        isFlooded = false;
        Assert.Null(await authenticator.FindRefusalAsync(caller, OpenCalls.MaxAge, OpenCalls.Interval, CancellationToken.None));
        open.SetResult();
        await Task.WhenAll(flood);
    }

    [Fact]
    public async Task A_check_of_an_open_call_ends_in_time_and_then_the_last_known_state_counts()
    {
        var isDown = false;
        var (authenticator, _) = Connect(new TableHooks
        {
            Before = async (_, cancellation) =>
                await (isDown ? Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation) : Task.CompletedTask),
        });
        var caller = await authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        isDown = true;
        time.Advance(TimeSpan.FromSeconds(15));
        using var end = new CancellationTokenSource();
        var check = CheckAsync();
        Assert.False(check.IsCompleted);
        await end.CancelAsync();
        Assert.Null(await check);

        // The next check may end this much later; by then the state would be too old.
        time.Advance(CredentialCache.CacheTime - OpenCalls.Interval - OpenCalls.MaxTime - TimeSpan.FromSeconds(15));
        Assert.Equal(ErrorCode.StorageUnavailable, (await CheckAsync())?.Code);

        Task<ParleyException?> CheckAsync() =>
            authenticator.FindRefusalAsync(caller, OpenCalls.MaxAge, OpenCalls.Interval + OpenCalls.MaxTime, end.Token);
    }

    [Fact]
    public async Task Storage_that_does_not_answer_is_tried_twice_and_logged_once_a_minute()
    {
        var (authenticator, connection) = Connect(new TableHooks { Fault = _ => Fault.Busy }, retries: 3);
        for (var i = 0; i < 10; i++)
        {
            var text = i == 0 ? key.Text : ApiKeyToken.Create(new RandomSource(i));
            var failure = await Assert.ThrowsAsync<ParleyException>(() => authenticator.AuthenticateAsync(text, CancellationToken.None));
            Assert.Equal((ErrorCode.StorageUnavailable, true), (failure.Code, failure.IsLogged));
        }

        Assert.Equal(20, connection.Calls);
        Assert.InRange(Assert.Single(log.Lines).Length, 1, 500);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(ErrorCode.StorageUnavailable, await TenantProcess.RefusalAsync(authenticator, key.Text));
        Assert.Equal(2, log.Lines.Count);
        Assert.Contains(" 10 ", log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cached_key_is_not_used_beyond_its_time_while_storage_does_not_answer()
    {
        var isDown = false;
        var (authenticator, _) = Connect(new TableHooks { Fault = _ => isDown ? Fault.Busy : Fault.None });
        Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
        isDown = true;
        time.Advance(CredentialCache.CacheTime);
        Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(ErrorCode.StorageUnavailable, await TenantProcess.RefusalAsync(authenticator, key.Text));
        isDown = false;
        Assert.Null(await TenantProcess.RefusalAsync(authenticator, key.Text));
    }

    [Fact]
    public async Task An_open_call_ends_within_half_a_minute_of_the_revocation()
    {
        for (var second = 0; second < 30; second += 3)
        {
            var process = new ParleyProcess(tables.Connect($"open {second}"), time, 10 + second);
            var fresh = await TenantProcess.CreateKeyAsync(process, tenant);
            using var open = process.OpenCalls.Begin(await process.Authenticator.AuthenticateAsync(fresh.Text, CancellationToken.None));
            using var other = process.OpenCalls.Begin(await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None));
            Advance(second);
            Assert.False(open.Refused.IsCancellationRequested);
            await TenantProcess.RevokeAsync(process, tenant, fresh.Key.Number);
            Advance(30);
            Assert.True(open.Refused.IsCancellationRequested, $"{second}");
            Assert.False(other.Refused.IsCancellationRequested);
        }
    }

    [Fact]
    public async Task Open_calls_of_one_key_are_checked_with_one_lookup_and_no_timer_is_left()
    {
        var connection = tables.Connect("calls");
        var process = new ParleyProcess(connection, time, 3);
        var caller = await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        var open = Enumerable.Range(0, 500).Select(_ => process.OpenCalls.Begin(caller)).ToList();
        var before = connection.Calls;
        Advance(60);

        // Every 15 s at most: the state is read when it is older than ten seconds.
        Assert.InRange(connection.Calls - before, 4, 12);
        open.ForEach(call => call.Dispose());
        Advance(10);
        before = connection.Calls;
        Assert.False(time.AdvanceToNext());
        Assert.Equal(before, connection.Calls);
    }

    [Fact]
    public async Task An_open_call_does_not_outlive_an_outage_by_more_than_half_a_minute()
    {
        var isDown = false;
        var connection = tables.Connect("outage", new TableHooks { Fault = _ => isDown ? Fault.Busy : Fault.None });
        var process = new ParleyProcess(connection, time, 4);
        using var open = process.OpenCalls.Begin(await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None));
        isDown = true;
        Advance(20);
        Assert.False(open.Refused.IsCancellationRequested);
        Advance(10);
        Assert.True(open.Refused.IsCancellationRequested);
    }

    [Fact]
    public async Task The_last_use_is_written_once_an_hour_and_its_failure_is_ignored()
    {
        var connection = tables.Connect("uses");
        var process = new ParleyProcess(connection, time, 5);
        var caller = await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        var before = connection.Calls;
        for (var i = 0; i < 100; i++)
        {
            process.KeyUses.Note(caller);
        }

        Assert.Equal(1, connection.Calls - before);
        Assert.Equal(time.GetUtcNow(), Assert.Single(await TenantProcess.ListAsync(tables, time, tenant)).LastUsedAt);
        time.Advance(ApiKeyUses.Interval);
        process.KeyUses.Note(caller);
        Assert.Equal(2, connection.Calls - before);
        Assert.Equal(time.GetUtcNow(), Assert.Single(await TenantProcess.ListAsync(tables, time, tenant)).LastUsedAt);

        var broken = new ParleyProcess(tables.Connect("broken", new TableHooks { Fault = call => call.IsWrite ? Fault.Busy : Fault.None }), time, 6);
        broken.KeyUses.Note(caller);
    }

    private void Advance(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private (Authenticator Authenticator, TableConnection Connection) Connect(TableHooks? hooks = null, int retries = 0)
    {
        var connection = tables.Connect("authenticator", hooks);
        return (new Authenticator(new CredentialCache(new ParleyTables(connection.ServiceClient(retries)), time, log), time), connection);
    }

    private sealed class LogLines : ILogger<CredentialCache>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception) + exception);
    }
}
