using Parley.Core;
using Parley.Storage.Secrets;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

public sealed class SigningKeysTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly VirtualTime time = new();

    [Fact]
    public async Task The_first_use_creates_the_key_and_a_forged_token_does_not()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);

        Assert.Null(await Process(tables).FindForgedAsync("forged"));
        Assert.Null(await Process(tables).FindAsync("no hash"));
        Assert.Empty(await TokenProcess.ReadRowsAsync(tables));

        var kids = await Process(tables).KidsAsync();
        var token = (await Process(tables).IssueAsync()).Read();
        Assert.Equal([token.Kid], kids);
        Assert.Single(await TokenProcess.ReadRowsAsync(tables));
        Assert.NotNull(await Process(tables).FindAsync(token.Kid));
    }

    [Fact]
    public async Task A_warm_instance_makes_no_call()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var connection = tables.Connect();
        var process = new ParleyProcess(connection, time, 1);
        var kid = (await process.IssueAsync()).Read().Kid;
        var calls = connection.Calls;

        time.Advance(SigningKeys.FreshFor - TimeSpan.FromSeconds(1));
        Assert.NotNull(await process.FindAsync(kid));
        await process.IssueAsync();
        Assert.Equal([kid], await process.KidsAsync());

        Assert.Equal(calls, connection.Calls);
    }

    [Fact]
    public async Task Stale_keys_are_read_once_in_the_background()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        using var held = new HeldCalls();
        var connection = tables.Connect("test", held.Hooks);
        var process = new ParleyProcess(connection, time, 1);
        var kid = (await process.IssueAsync()).Read().Kid;
        var calls = connection.Calls;

        time.Advance(SigningKeys.FreshFor);
        held.HoldRequests();
        for (var i = 0; i < 20; i++)
        {
            Assert.NotNull(await process.FindAsync(kid));
            await process.IssueAsync();
        }

        await held.UntilHeldAsync();
        held.Release();
        await Eventually.TrueAsync(() => Task.FromResult(held.Completed > calls));
        Assert.Equal(calls + 1, connection.Calls);
    }

    [Fact]
    public async Task A_flood_of_forged_ids_costs_a_read_a_second()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var connection = tables.Connect();
        var process = new ParleyProcess(connection, time, 1);
        await process.KidsAsync();
        var (calls, start) = (connection.Calls, time.GetUtcNow());

        for (var round = 1; round <= 5; round++)
        {
            var flood = Enumerable.Range(0, 200).Select(i => process.FindForgedAsync($"forged {i}")).ToList();
            Assert.All(await Task.WhenAll(flood).Advancing(time), Assert.Null);
        }

        Assert.InRange(connection.Calls - calls, 5, 1 + (int)((time.GetUtcNow() - start) / SigningKeys.Interval));
    }

    [Fact]
    public async Task More_than_a_thousand_do_not_wait()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        using var held = new HeldCalls();
        var process = new ParleyProcess(tables.Connect("test", held.Hooks), time, 1);
        held.HoldRequests();
        var waiting = Enumerable.Range(0, SigningKeys.MaxWaiting).Select(i => process.FindForgedAsync($"forged {i}")).ToList();

        var refused = await Assert.ThrowsAsync<ParleyException>(() => process.FindForgedAsync("one more"));
        held.Release();

        Assert.Equal(ErrorCode.Busy, refused.Code);
        Assert.NotNull(refused.RetryAfter);
        // Those that came after the beginning of the first read wait for a second one.
        Assert.All(await Task.WhenAll(waiting).Advancing(time), Assert.Null);
        Assert.Null(await process.FindForgedAsync("later").Advancing(time));
    }

    /// <summary>A token of the very first key may arrive while a read runs that began before the key.</summary>
    [Fact]
    public async Task A_request_joins_a_read_that_begins_after_it()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        using var held = new HeldCalls();
        var process = new ParleyProcess(tables.Connect("test", held.Hooks), time, 1);
        held.HoldResponses();
        var early = process.FindForgedAsync("forged");
        await held.UntilHeldAsync();

        var kid = (await Process(tables).IssueAsync()).Read().Kid;
        var good = process.FindAsync(kid);
        held.Release();

        Assert.Null(await early.WaitAsync(Patience));
        Assert.NotNull(await good.Advancing(time));
    }

    [Fact]
    public async Task While_storage_fails_known_keys_count_and_unknown_ones_are_not_refused()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var fails = false;
        var process = new ParleyProcess(tables.Connect("test", new TableHooks { Fault = _ => fails ? Fault.Lost : Fault.None }), time, 1);
        var kid = (await process.IssueAsync()).Read().Kid;

        fails = true;
        foreach (var age in new[] { TimeSpan.FromMinutes(6), TimeSpan.FromHours(2), TimeSpan.FromDays(2) })
        {
            time.Advance(age);
            Assert.NotNull(await process.FindAsync(kid));
            var unknown = await Assert.ThrowsAsync<ParleyException>(() => process.FindForgedAsync("unknown").Advancing(time));
            Assert.Equal(ErrorCode.StorageUnavailable, unknown.Code);
        }

        // Such an old list may lack a key that signs already.
        Assert.Equal(
            ErrorCode.StorageUnavailable,
            (await Assert.ThrowsAsync<ParleyException>(() => process.IssueAsync().Advancing(time))).Code);
        Assert.Equal(
            ErrorCode.StorageUnavailable,
            (await Assert.ThrowsAsync<ParleyException>(() => process.KidsAsync().Advancing(time))).Code);
        fails = false;
        Assert.Equal([kid], await process.KidsAsync().Advancing(time));
    }

    [Fact]
    public async Task A_withdrawn_key_is_refused_within_the_time_of_the_cache()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var (busy, idle) = (Process(tables), Process(tables));
        var kid = (await busy.IssueAsync()).Read().Kid;
        Assert.NotNull(await idle.FindAsync(kid));

        await TokenProcess.DeleteRowAsync(tables, 1);
        Assert.NotNull(await busy.FindAsync(kid));
        time.Advance(SigningKeys.FreshFor);
        Assert.NotNull(await busy.FindAsync(kid));
        await Eventually.TrueAsync(async () => await busy.FindAsync(kid).Advancing(time) is null);
        time.Advance(SigningKeys.ReadAgainAfter);
        Assert.Null(await idle.FindAsync(kid).Advancing(time));

        var next = (await busy.IssueAsync().Advancing(time)).Read().Kid;
        Assert.NotEqual(kid, next);
        Assert.NotNull(await idle.FindAsync(next).Advancing(time));
    }

    [Fact]
    public async Task The_successor_of_a_withdrawn_key_signs_at_once()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        await Process(tables).IssueAsync();
        time.Advance(SigningKeyRotation.SigningTime);
        await Process(tables).SigningKeyRotation.RunAsync(CancellationToken.None);
        var published = await Process(tables).KidsAsync();
        Assert.Equal(published[0], (await Process(tables).IssueAsync()).Read().Kid);

        await TokenProcess.DeleteRowAsync(tables, 1);

        Assert.Equal(published[1], (await Process(tables).IssueAsync()).Read().Kid);
    }

    [Fact]
    public async Task Keys_are_made_published_used_and_removed_at_their_times()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var first = (await Process(tables).IssueAsync()).Read().Kid;

        await AfterAsync(SigningKeyRotation.SigningTime - TimeSpan.FromMinutes(1), published: 1, signs: first);
        await AfterAsync(TimeSpan.FromMinutes(1), published: 2, signs: first);
        await AfterAsync(TimeSpan.FromHours(23.9), published: 2, signs: first);
        var second = (await Process(tables).KidsAsync())[1];
        await AfterAsync(TimeSpan.FromHours(0.1), published: 2, signs: second);
        await AfterAsync(TimeSpan.FromHours(0.9), published: 2, signs: second);
        await AfterAsync(TimeSpan.FromHours(0.1), published: 1, signs: second);
        Assert.Null(await Process(tables).FindAsync(first));

        async Task AfterAsync(TimeSpan pause, int published, string signs)
        {
            time.Advance(pause);
            await Process(tables).SigningKeyRotation.RunAsync(CancellationToken.None);
            await Process(tables).SigningKeyRotation.RunAsync(CancellationToken.None);
            Assert.Equal(published, (await Process(tables).KidsAsync()).Count);
            Assert.Equal(signs, (await Process(tables).IssueAsync()).Read().Kid);
        }
    }

    [Fact]
    public async Task The_timer_makes_no_first_key()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        await Process(tables).SigningKeyRotation.RunAsync(CancellationToken.None);
        Assert.Empty(await TokenProcess.ReadRowsAsync(tables));
    }

    [Fact]
    public async Task A_key_is_stored_sealed_and_keeps_its_tokens_when_it_is_sealed_again()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var token = await Process(tables, "one").IssueAsync();
        await Process(tables, "two", "one").SigningKeyStore.ResealAsync(CancellationToken.None);

        var row = Assert.Single(await TokenProcess.ReadRowsAsync(tables));
        Assert.StartsWith("sealed:1:two:", row.GetString("PrivateKey"), StringComparison.Ordinal);
        Assert.True(await TokenProcess.VerifiesAsync(token.Text, (await Process(tables).FindAsync(token.Read().Kid))!));
        Assert.Equal(token.Read().Kid, (await Process(tables, "two").IssueAsync()).Read().Kid);

        // Tokens are still accepted without the sealing key, but none can be signed.
        await Assert.ThrowsAsync<SealedSecretException>(() => Process(tables, "one").IssueAsync());
    }

    /// <summary>Otherwise the trace of one request would contain the reads for all others.</summary>
    [Fact]
    public async Task A_read_has_not_the_context_of_a_request()
    {
        var tables = await TokenProcess.CreateTablesAsync(time);
        var context = new AsyncLocal<string?> { Value = "a request" };
        var seen = new List<string?>();
        var hooks = new TableHooks
        {
            Before = (_, _) =>
            {
                seen.Add(context.Value);
                return ValueTask.CompletedTask;
            },
        };

        await new ParleyProcess(tables.Connect("test", hooks), time, 1).IssueAsync();

        Assert.NotEmpty(seen);
        Assert.All(seen, Assert.Null);
        Assert.Equal("a request", context.Value);
    }

    private ParleyProcess Process(StrictTables tables, params string[] sealing) =>
        new(tables.Connect(), time, 1, assistants: new(TestSecrets.Settings(sealing), new NoQueues()));
}
