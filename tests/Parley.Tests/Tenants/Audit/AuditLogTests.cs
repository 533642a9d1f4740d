using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants.Audit;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Tenants.Audit;

public sealed class AuditLogTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = new(7);
    private static readonly AuditOrigin Operator = new(AuditActor.Administrator, null, "request-1");
    private static readonly AuditOrigin Stranger = new(AuditActor.Unknown, null, "request-2");

    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly TableConnection connection;
    private readonly AuditLog log;

    public AuditLogTests()
    {
        tables = new StrictTables(time);
        connection = tables.Connect();
        log = LogOn(connection, 1);
    }

    public Task InitializeAsync() =>
        new ParleyTables(tables.Connect("setup").ServiceClient()).CreateIfNotExistsAsync(CancellationToken.None);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Keys_of_later_entries_sort_first()
    {
        var key = AuditRowKeys.AuditEntry(time.GetUtcNow(), "00000000000000aa");
        Assert.Equal((time.GetUtcNow(), "00000000000000aa"), AuditRowKeys.ReadAuditEntry(key));
        Assert.True(string.CompareOrdinal(AuditRowKeys.AuditEntry(time.GetUtcNow().AddMilliseconds(1), "ff"), key) < 0);
    }

    [Fact]
    public async Task An_entry_is_read_as_written()
    {
        var origin = new AuditOrigin(AuditActor.Key, 3, "request-9");
        await log.WriteAsync(
            log.Begin(Tenant, origin, AuditAction.KeyRevoked, AuditEntry.OfKey(4)), CancellationToken.None);
        await log.WriteAsync(
            log.Begin(AuditLog.Administration, Operator, AuditAction.TenantDeleted, AuditEntry.OfTenant(Tenant)), CancellationToken.None);

        var own = Assert.Single((await ListAsync(Tenant, null, 10)).Items);
        Assert.Matches("^[0-9a-f]{16}$", own.Id);
        Assert.Equal(new AuditEntry(own.Id, time.GetUtcNow(), origin, AuditAction.KeyRevoked, "key:4", 0), own);
        Assert.True(own.IsDone);
        var other = Assert.Single((await ListAsync(AuditLog.Administration, null, 10)).Items);
        Assert.Equal((AuditAction.TenantDeleted, "tenant:7"), (other.Action, other.Target));
        Assert.Empty((await ListAsync(new TenantId(8), null, 10)).Items);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 3)]
    [InlineData(7, 3)]
    [InlineData(9, 3)]
    [InlineData(5, 1)]
    public async Task Pages_have_every_entry_once_newest_first_and_lead_back(int count, int size)
    {
        for (var i = 0; i < count; i++)
        {
            // Two of a millisecond each.
            time.Advance(TimeSpan.FromMilliseconds(i % 2));
            await log.WriteAsync(log.Begin(Tenant, Operator, AuditAction.KeyCreated, AuditEntry.OfKey(i)), CancellationToken.None);
        }

        var pages = new List<ListPage<AuditEntry>>();
        for (string? cursor = null; pages.Count == 0 || cursor is not null; cursor = pages[^1].Next)
        {
            pages.Add(await ListAsync(Tenant, cursor, size));
        }

        var all = pages.SelectMany(page => page.Items).ToList();
        Assert.Equal(Math.Max(1, (count + size - 1) / size), pages.Count);
        Assert.Equal(Enumerable.Range(0, count), all.Select(entry => KeyParts.Number(entry.Target.AsSpan(4))).Order());
        Assert.Equal(Enumerable.Range(0, count).Reverse(), all.Select(entry => KeyParts.Number(entry.Target.AsSpan(4))));
        Assert.Equal(all.OrderByDescending(entry => entry.At).Select(entry => entry.At), all.Select(entry => entry.At));
        Assert.Null(pages[0].Previous);
        for (var i = pages.Count - 1; i > 0; i--)
        {
            Assert.Equal(pages[i - 1].Items, (await ListAsync(Tenant, pages[i].Previous, size)).Items);
        }
    }

    [Fact]
    public async Task Pages_lead_back_as_far_as_a_cursor_reaches()
    {
        const int Count = AuditLog.MaxBack + 5;
        for (var i = 0; i < Count; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            await log.WriteAsync(log.Begin(Tenant, Operator, AuditAction.KeyCreated, AuditEntry.OfKey(i)), CancellationToken.None);
        }

        var page = await ListAsync(Tenant, null, 1);
        while (page.Next is { } next)
        {
            page = await ListAsync(Tenant, next, 1);
        }

        var back = new List<string> { page.Items[0].Target };
        while (page.Previous is { } previous)
        {
            page = await ListAsync(Tenant, previous, 1);
            back.Add(page.Items[0].Target);
        }

        Assert.InRange(back.Count, AuditLog.MaxBack - 2, AuditLog.MaxBack);
        Assert.Equal(Enumerable.Range(0, back.Count).Select(AuditEntry.OfKey), back);
    }

    [Fact]
    public async Task A_cursor_is_of_one_log()
    {
        for (var i = 0; i < 3; i++)
        {
            await log.WriteAsync(log.Begin(Tenant, Operator, AuditAction.KeyCreated, AuditEntry.OfKey(i)), CancellationToken.None);
        }

        var next = (await ListAsync(Tenant, null, 1)).Next;
        foreach (var tenant in new[] { new TenantId(8), AuditLog.Administration })
        {
            var refused = await Assert.ThrowsAsync<ParleyException>(() => ListAsync(tenant, next, 1));
            Assert.Equal(ErrorCode.InvalidCursor, refused.Code);
        }
    }

    [Fact]
    public async Task An_entry_sent_twice_is_one_entry()
    {
        var record = log.Begin(Tenant, Operator, AuditAction.KeyCreated, AuditEntry.OfKey(1));
        await log.WriteAsync(record, CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(9));
        await log.WriteAsync(record, CancellationToken.None);
        Assert.Single((await ListAsync(Tenant, null, 10)).Items);
    }

    [Fact]
    public async Task Refused_calls_are_recorded_up_to_a_bound_and_the_others_counted()
    {
        var refused = new RefusedCalls(log, time, NullLogger<RefusedCalls>.Instance);
        var before = connection.Calls;
        for (var i = 0; i < 1_000; i++)
        {
            await refused.RecordAsync(AuditLog.Administration, Stranger, "AdminTenantsCreate");
        }

        Assert.Equal(RefusedCalls.MaxPerMinute, connection.Calls - before);
        await refused.RecordAsync(Tenant, Stranger, "KeysCreate");
        Assert.Single((await ListAsync(Tenant, null, 100)).Items);

        time.Advance(TimeSpan.FromMinutes(1));
        await refused.RecordAsync(AuditLog.Administration, Stranger, "AdminTenantsCreate");
        await refused.RecordAsync(AuditLog.Administration, Stranger, "AdminTenantsCreate");
        var entries = (await ListAsync(AuditLog.Administration, null, 100)).Items;
        Assert.Equal(RefusedCalls.MaxPerMinute + 2, entries.Count);
        Assert.Equal(1_000 - RefusedCalls.MaxPerMinute, entries.Sum(entry => entry.Omitted));
        Assert.All(entries, entry => Assert.False(entry.IsDone));
        Assert.All(entries, entry => Assert.Equal("AdminTenantsCreate", entry.Target));
    }

    [Fact]
    public async Task A_refusal_does_not_depend_on_its_entry()
    {
        var broken = tables.Connect("broken", new TableHooks { Fault = call => call.IsWrite ? Fault.Busy : Fault.None });
        var refused = new RefusedCalls(LogOn(broken, 2), time, NullLogger<RefusedCalls>.Instance);
        await refused.RecordAsync(Tenant, Stranger, "KeysCreate");
        Assert.Empty((await ListAsync(Tenant, null, 10)).Items);
    }

    private static AuditLog LogOn(TableConnection connection, TimeProvider time, int seed)
    {
        var (parley, random) = (new ParleyTables(connection.ServiceClient()), new RandomSource(seed));
        return new AuditLog(parley, new Cursors(parley, TestSecrets.NoKey, random), time, random);
    }

    private AuditLog LogOn(TableConnection connection, int seed) => LogOn(connection, time, seed);

    private Task<ListPage<AuditEntry>> ListAsync(TenantId tenant, string? cursor, int size) =>
        log.ListAsync(tenant, cursor, size, CancellationToken.None);
}
