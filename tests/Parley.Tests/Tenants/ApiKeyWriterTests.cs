using Parley.Core;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

public sealed class ApiKeyWriterTests : IAsyncLifetime
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private TenantId tenant;
    private NewApiKey key = null!;

    public ApiKeyWriterTests()
    {
        tables = new StrictTables(time);
        process = new ParleyProcess(tables.Connect(), time, 1);
    }

    public async Task InitializeAsync() => (tenant, key) = await TenantProcess.SetUpAsync(tables, time);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_new_key_is_listed_and_valid()
    {
        var listed = Assert.Single(await TenantProcess.ListAsync(tables, time, tenant));
        Assert.Equal((1, "Key", Scopes.MessagesRead | Scopes.Admin, time.GetUtcNow()), (listed.Number, listed.Label, listed.Scopes, listed.CreatedAt));
        var caller = await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        Assert.Equal((tenant, 1, "Key", listed.Scopes), (caller.Tenant, caller.Number, caller.Name, caller.Scopes));
        await TenantProcess.AssertListedAsync(tables, time, tenant);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_and_stays_listed()
    {
        await TenantProcess.RevokeAsync(process, tenant, 1);
        await TenantProcess.RevokeAsync(process, tenant, 1);
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(tables, time, key.Text));
        Assert.Equal(time.GetUtcNow(), Assert.Single(await TenantProcess.ListAsync(tables, time, tenant)).RevokedAt);
        await TenantProcess.AssertListedAsync(tables, time, tenant);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_within_half_a_minute_by_a_process_that_has_seen_it()
    {
        var other = new ParleyProcess(tables.Connect("other"), time, 2).Authenticator;
        Assert.Null(await TenantProcess.RefusalAsync(other, key.Text));
        await TenantProcess.RevokeAsync(process, tenant, 1);
        time.Advance(CredentialCache.CacheTime + TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(other, key.Text));
    }

    [Fact]
    public async Task A_rotated_key_stays_valid_for_the_overlap()
    {
        var rotated = await TenantProcess.RotateAsync(process, tenant, 1, TimeSpan.FromHours(2));
        Assert.Equal((2, 1, time.GetUtcNow().AddHours(2)), (rotated.Key.Number, rotated.Previous.Number, rotated.Previous.EndsAt));
        Assert.Equal(key.Key.Scopes, rotated.Key.Scopes);
        Assert.Null(rotated.Key.ExpiresAt);
        Assert.Null(await TenantProcess.RefusalAsync(tables, time, rotated.Text));

        time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromMilliseconds(1));
        Assert.Null(await TenantProcess.RefusalAsync(tables, time, key.Text));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(tables, time, key.Text));
        Assert.Null(await TenantProcess.RefusalAsync(tables, time, rotated.Text));
        await TenantProcess.AssertListedAsync(tables, time, tenant);
    }

    [Fact]
    public async Task A_rotation_gives_the_same_lifetime_and_never_makes_the_old_key_valid_for_longer()
    {
        var expiresAt = time.GetUtcNow().AddDays(3);
        var limited = await TenantProcess.CreateKeyAsync(process, tenant, expiresAt);
        time.Advance(TimeSpan.FromDays(2));
        var rotated = await TenantProcess.RotateAsync(process, tenant, limited.Key.Number, ApiKeyWriter.MaxOverlap);
        Assert.Equal(expiresAt, rotated.Previous.EndsAt);
        Assert.Equal(time.GetUtcNow().AddDays(3), rotated.Key.ExpiresAt);

        // After a lost response the successor is rotated: a second successor would be a valid key that nobody has.
        await AssertRefusedAsync(ErrorCode.KeyStatus, () => TenantProcess.RotateAsync(process, tenant, limited.Key.Number));
        var again = await TenantProcess.RotateAsync(process, tenant, rotated.Key.Number, TimeSpan.Zero);
        Assert.Equal((time.GetUtcNow(), time.GetUtcNow().AddDays(3)), (again.Previous.EndsAt, again.Key.ExpiresAt));
    }

    [Fact]
    public async Task A_key_that_expires_at_the_end_of_time_can_be_rotated()
    {
        var far = await TenantProcess.CreateKeyAsync(process, tenant, new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero));
        time.Advance(TimeSpan.FromDays(1));
        var rotated = await TenantProcess.RotateAsync(process, tenant, far.Key.Number);
        Assert.Equal(far.Key.ExpiresAt, rotated.Key.ExpiresAt);
    }

    [Fact]
    public async Task Only_a_usable_key_can_be_rotated()
    {
        await TenantProcess.RevokeAsync(process, tenant, 1);
        await AssertRefusedAsync(ErrorCode.KeyStatus, () => TenantProcess.RotateAsync(process, tenant, 1));
        var expiring = await TenantProcess.CreateKeyAsync(process, tenant, time.GetUtcNow().AddSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        await AssertRefusedAsync(ErrorCode.KeyStatus, () => TenantProcess.RotateAsync(process, tenant, expiring.Key.Number));
        await AssertRefusedAsync(ErrorCode.KeyNotFound, () => TenantProcess.RotateAsync(process, tenant, 99));
        await AssertRefusedAsync(ErrorCode.KeyNotFound, () => TenantProcess.RevokeAsync(process, tenant, 99));
        await AssertRefusedAsync(ErrorCode.TenantNotFound, () => TenantProcess.CreateKeyAsync(process, new TenantId(99)));
    }

    [Fact]
    public async Task A_rotation_gives_no_scopes_that_the_caller_lacks() =>
        await AssertRefusedAsync(ErrorCode.ScopeMissing, () => process.KeyWriter.RotateAsync(
            tenant, 1, new KeyGrant(Scopes.Admin, null), TimeSpan.Zero, null, TenantProcess.Operator, CancellationToken.None));

    [Fact]
    public async Task A_caller_that_expires_makes_no_key_that_outlives_it()
    {
        var end = time.GetUtcNow().AddDays(1);
        var expiring = await TenantProcess.CreateKeyAsync(process, tenant, end);
        var caller = await process.Authenticator.AuthenticateAsync(expiring.Text, CancellationToken.None);
        Assert.Equal(new KeyGrant(expiring.Key.Scopes, end), caller.Grant);
        foreach (var (stated, right) in new[] { (default(DateTimeOffset?), end), (end.AddDays(1), end), (end.AddHours(-1), end.AddHours(-1)) })
        {
            var other = await TenantProcess.CreateKeyAsync(process, tenant);
            var rotated = await process.KeyWriter.RotateAsync(
                tenant, other.Key.Number, caller.Grant, TimeSpan.FromDays(9), stated, TenantProcess.Operator, CancellationToken.None);
            Assert.Equal(right, rotated.Key.ExpiresAt);
        }

        Assert.Null((await TenantProcess.RotateAsync(process, tenant, 1)).Key.ExpiresAt);
        Assert.Null(KeyGrant.Unlimited.Bound(null));
        Assert.Equal(end, KeyGrant.Unlimited.Bound(end));
    }

    [Theory]
    [InlineData("revoked")]
    [InlineData("replaced")]
    [InlineData("expired")]
    [InlineData("suspended")]
    public async Task A_key_that_is_no_longer_valid_changes_no_key(string why)
    {
        var caller = await TenantProcess.CreateKeyAsync(process, tenant, time.GetUtcNow().AddHours(1));
        var number = caller.Key.Number;
        switch (why)
        {
            case "revoked":
                await TenantProcess.RevokeAsync(process, tenant, number);
                break;
            case "replaced":
                await TenantProcess.RotateAsync(process, tenant, number, TimeSpan.Zero);
                break;
            case "expired":
                time.Advance(TimeSpan.FromHours(1));
                break;
            default:
                await process.Administration.ChangeAsync(
                    tenant, null, TenantState.Suspended, TenantProcess.Operator, CancellationToken.None);
                break;
        }

        var (origin, code) = (
            new AuditOrigin(AuditActor.Key, number, "request"), why == "suspended" ? ErrorCode.TenantSuspended : ErrorCode.Unauthenticated);
        await AssertRefusedAsync(code, () => process.KeyWriter.CreateAsync(
            tenant, "Late", Scopes.Admin, Dialect.Parley, null, origin, CancellationToken.None));
        await AssertRefusedAsync(code, () => process.KeyWriter.RotateAsync(
            tenant, 1, KeyGrant.Unlimited, TimeSpan.Zero, null, origin, CancellationToken.None));
        await AssertRefusedAsync(code, () => process.KeyWriter.RevokeAsync(tenant, 1, origin, CancellationToken.None));
    }

    [Fact]
    public async Task A_caller_that_is_revoked_meanwhile_adds_no_key()
    {
        var caller = await TenantProcess.CreateKeyAsync(process, tenant);
        var origin = new AuditOrigin(AuditActor.Key, caller.Key.Number, "request");
        var isFirst = true;
        var other = new ParleyProcess(
            tables.Connect("racing", new TableHooks
            {
                Before = async (call, _) =>
                {
                    if (isFirst && call.Kind == TableCallKind.Transaction)
                    {
                        isFirst = false;
                        await TenantProcess.RevokeAsync(process, tenant, caller.Key.Number);
                    }
                },
            }),
            time,
            seed: 9);

        var creating = other.KeyWriter.CreateAsync(tenant, "Late", Scopes.Admin, Dialect.Parley, null, origin, CancellationToken.None);

        // The lost race is followed by a pause and another attempt.
        for (var second = 0; second < 60 && !creating.IsCompleted; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(creating.IsCompleted && !isFirst);
        await AssertRefusedAsync(ErrorCode.Unauthenticated, () => creating);
    }

    [Fact]
    public async Task The_entry_of_a_rotation_names_the_replaced_key()
    {
        await TenantProcess.CreateKeyAsync(process, tenant);
        await TenantProcess.RotateAsync(process, tenant, 1);
        var newest = (await process.Audit.ListAsync(tenant, null, 1, CancellationToken.None)).Items[0];
        Assert.Equal((AuditAction.KeyRotated, "key:1"), (newest.Action, newest.Target));
    }

    [Fact]
    public async Task An_unlisted_key_is_refused()
    {
        await process.Tables.Tenants.DeleteEntityAsync(tenant.PartitionKey, AdministrationRowKeys.ApiKey(1));
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(tables, time, key.Text));
    }

    [Fact]
    public Task Rotation_and_revocation_at_once_leave_every_key_listed_and_none_revoked_valid() =>
        Interleaving.ExploreAsync(400, async run =>
        {
            var fresh = new StrictTables(run.Time);
            var (owner, first) = await TenantProcess.SetUpAsync(fresh, run.Time);
            run.CallTime = TimeSpan.FromMilliseconds(50);
            var rotated = new List<RotatedApiKey>();
            var revoked = 0;
            ParleyProcess Process(int i)
            {
                var faults = TableHooks.OneIn(4, (run.Seed * 10) + i, Fault.Unanswered);
                var hooks = new TableHooks { Fault = run.Seed % 2 == 0 ? null : call => call.IsWrite ? faults(call) : Fault.None };
                return new ParleyProcess(run.Connect(fresh, $"{i}", hooks), run.Time, (run.Seed * 10) + i);
            }

            await Task.WhenAll(
                TenantProcess.TryAsync(async () => rotated.Add(await TenantProcess.RotateAsync(Process(1), owner, 1)), ErrorCode.KeyStatus, ErrorCode.Busy),
                TenantProcess.TryAsync(async () => rotated.Add(await TenantProcess.RotateAsync(Process(2), owner, 1)), ErrorCode.KeyStatus, ErrorCode.Busy),
                TenantProcess.TryAsync(() => TenantProcess.CreateKeyAsync(Process(5), owner), ErrorCode.Busy),
                RevokeAsync(3),
                RevokeAsync(4));
            run.DeliverLate();

            Assert.Equal(revoked > 0, revoked > 0 && await TenantProcess.RefusalAsync(fresh, run.Time, first.Text) == ErrorCode.Unauthenticated);
            foreach (var one in rotated)
            {
                Assert.Null(await TenantProcess.RefusalAsync(fresh, run.Time, one.Text));
            }

            await TenantProcess.AssertListedAsync(fresh, run.Time, owner);

            async Task RevokeAsync(int i) =>
                revoked += await TenantProcess.TryAsync(() => TenantProcess.RevokeAsync(Process(i), owner, 1), ErrorCode.Busy) ? 1 : 0;
        });

    [Fact]
    public async Task A_creation_that_ends_anywhere_leaves_no_unlisted_key() => await CrashExploration.RunAsync(
        async (run, fresh) => (Run: run, Tables: fresh, Tenant: (await TenantProcess.SetUpAsync(fresh, run.Time)).Tenant),
        async (model, connection) =>
            await TenantProcess.CreateKeyAsync(new ParleyProcess(connection, model.Run.Time, 11), model.Tenant),
        (model, connection) => TenantProcess.TryAsync(() =>
            TenantProcess.RevokeAsync(new ParleyProcess(connection, model.Run.Time, 12), model.Tenant, 2), ErrorCode.KeyNotFound),
        async (model, _) =>
        {
            await TenantProcess.AssertListedAsync(model.Tables, model.Run.Time, model.Tenant);

            // The text of a seeded process is known: after the revocation it is refused, also if its row came late.
            var text = ApiKeyToken.Create(new RandomSource(11));
            var listed = await TenantProcess.ListAsync(model.Tables, model.Run.Time, model.Tenant);
            if (!listed.Any(key => key.Hash == ApiKeyToken.Hash(text) && key.RevokedAt is null))
            {
                Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(model.Tables, model.Run.Time, text));
            }
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 5);

    [Fact]
    public async Task A_revocation_repeated_after_a_crash_is_one_revocation() => await CrashExploration.RunAsync(
        async (run, fresh) => (Run: run, Tables: fresh, Made: await TenantProcess.SetUpAsync(fresh, run.Time)),
        (model, connection) => TenantProcess.RevokeAsync(new ParleyProcess(connection, model.Run.Time, 11), model.Made.Tenant, 1),
        (model, connection) => TenantProcess.RevokeAsync(new ParleyProcess(connection, model.Run.Time, 12), model.Made.Tenant, 1),
        async (model, _) =>
        {
            Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(model.Tables, model.Run.Time, model.Made.Key.Text));
            await TenantProcess.AssertListedAsync(model.Tables, model.Run.Time, model.Made.Tenant);
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 5);

    [Fact]
    public async Task A_rotation_that_ends_anywhere_does_not_undo_a_revocation() => await CrashExploration.RunAsync(
        async (run, fresh) => (Run: run, Tables: fresh, Made: await TenantProcess.SetUpAsync(fresh, run.Time)),
        async (model, connection) =>
            await TenantProcess.RotateAsync(new ParleyProcess(connection, model.Run.Time, 11), model.Made.Tenant, 1),
        (model, connection) => TenantProcess.RevokeAsync(new ParleyProcess(connection, model.Run.Time, 12), model.Made.Tenant, 1),
        async (model, _) =>
        {
            Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(model.Tables, model.Run.Time, model.Made.Key.Text));
            await TenantProcess.AssertListedAsync(model.Tables, model.Run.Time, model.Made.Tenant);
            Assert.Equal(
                (await TenantProcess.ListAsync(model.Tables, model.Run.Time, model.Made.Tenant)).Count - 1,
                await TenantProcess.CountAsync(model.Tables, model.Run.Time, model.Made.Tenant, AuditAction.KeyRotated));
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 5);

    private static async Task AssertRefusedAsync(ErrorCode code, Func<Task> operation) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<ParleyException>(operation)).Code);
}
