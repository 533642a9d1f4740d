using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Cleanup;
using Parley.Storage.Secrets;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Tenants;
using Xunit;

namespace Parley.Tests.Cleanup;

public sealed class SecretResealingTests : IAsyncLifetime
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;

    public SecretResealingTests() => tables = new StrictTables(time);

    public Task InitializeAsync() => Process().Tables.CreateIfNotExistsAsync(CancellationToken.None);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task New_secrets_are_sealed_and_work()
    {
        var process = Process("one");
        var created = await process.Administration.CreateTenantAsync("Acme", TenantProcess.Operator, CancellationToken.None);
        var rotated = await process.WebhookSecrets.RotateAsync(created.Tenant, TenantProcess.Operator, CancellationToken.None);
        var cursor = await process.Cursors.SealNumberAsync(created.Tenant, "list", 7, CancellationToken.None);

        Assert.Equal([rotated.WebhookSecret, created.WebhookSecret], await ReadAsync(process, created));
        Assert.Equal(7, await Process("one").Cursors.OpenNumberAsync(created.Tenant, "list", cursor, CancellationToken.None));
        Assert.Equal(["one", "one", "one"], await KeysAsync());
        Assert.DoesNotContain(await SecretsAsync(), text => text.Contains("whsec_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Plain_secrets_are_read_and_then_sealed_and_cursors_stay_valid()
    {
        var (tenant, rotated, cursor) = await FillAsync(Process());
        Assert.Equal(["", "", ""], await KeysAsync());

        var process = Process("one");
        Assert.Equal([rotated, tenant.WebhookSecret], await ReadAsync(process, tenant));
        await process.SecretResealing.RunAsync(CancellationToken.None);

        Assert.Equal(["one", "one", "one"], await KeysAsync());
        Assert.Equal([rotated, tenant.WebhookSecret], await ReadAsync(Process("one"), tenant));
        Assert.Equal(7, await Process("one").Cursors.OpenNumberAsync(tenant.Tenant, "list", cursor, CancellationToken.None));
    }

    [Fact]
    public async Task A_new_first_key_takes_over_and_the_old_one_can_be_removed()
    {
        var (tenant, rotated, _) = await FillAsync(Process("one"));

        await Process("two", "one").SecretResealing.RunAsync(CancellationToken.None);

        Assert.Equal(["two", "two", "two"], await KeysAsync());
        Assert.Equal([rotated, tenant.WebhookSecret], await ReadAsync(Process("two"), tenant));
    }

    /// <summary>Before a version that reads plain secrets only is published again.</summary>
    [Fact]
    public async Task Secrets_are_made_plain_again()
    {
        var (tenant, rotated, _) = await FillAsync(Process("one"));

        await new ParleyProcess(tables.Connect(), time, 3, assistants: new(TestSecrets.PlainSettings("one"), new NoQueues()))
            .SecretResealing.RunAsync(CancellationToken.None);

        Assert.Equal(["", "", ""], await KeysAsync());
        Assert.Equal([rotated, tenant.WebhookSecret], await ReadAsync(Process(), tenant));
    }

    /// <summary>An instance with the settings of before may write after the first look at its tenant.</summary>
    [Fact]
    public async Task Secrets_are_looked_at_again_after_an_hour()
    {
        var (tenant, _, _) = await FillAsync(Process("one"));
        var connection = tables.Connect();
        var job = Process(connection, "two", "one").SecretResealing;
        await job.RunAsync(CancellationToken.None);
        await Process("one", "two").WebhookSecrets.RotateAsync(tenant.Tenant, TenantProcess.Operator, CancellationToken.None);

        await job.RunAsync(CancellationToken.None);
        Assert.Equal(["two", "one", "one"], await KeysAsync());
        time.Advance(SecretResealing.Interval);
        await job.RunAsync(CancellationToken.None);
        Assert.Equal(["two", "two", "two"], await KeysAsync());

        var before = connection.Calls;
        await job.RunAsync(CancellationToken.None);
        Assert.Equal(before + 1, connection.Calls);
        time.Advance(SecretResealing.Interval);
        await job.RunAsync(CancellationToken.None);

        // Progress, the keys of cursors and of tokens, the list of tenants, the tenant, and progress again; nothing is sealed anew.
        Assert.Equal(before + 7, connection.Calls);
    }

    /// <summary>
    /// A key of the same id may have been replaced in the vault, a restored account may have been sealed with another
    /// one, and a row may have been changed.
    /// </summary>
    [Theory]
    [InlineData("Secret")]
    [InlineData("WebhookSecret")]
    [InlineData("EarlierWebhookSecrets")]
    public async Task A_secret_that_can_no_longer_be_opened_is_logged_every_hour_until_it_can(string property)
    {
        await FillAsync(Process("one"));
        var (process, log) = (Process("one"), new LogIds());
        var job = new SecretResealing(process.Tables, TestSecrets.Sealer("one"), process.Cursors, process.SigningKeyStore, process.WebhookSecrets, time, log);
        await RunAsync(rounds: 3);
        Assert.Equal([1511], log.Ids);

        var rows = process.Tables.Tenants;
        var row = await rows.QueryAsync<TableEntity>().FirstAsync(one => one.ContainsKey(property));
        var intact = row.GetString(property);
        await StoreAsync(intact[..^2] + (intact[^2] == 'A' ? 'B' : 'A') + intact[^1]);
        await RunAsync(rounds: 2);
        Assert.Equal([1511, 1512, 1512], log.Ids);

        await StoreAsync(intact);
        await RunAsync(rounds: 3);
        Assert.Equal([1511, 1512, 1512, 1511], log.Ids);

        Task StoreAsync(string text) =>
            rows.UpdateEntityAsync(new TableEntity(row.PartitionKey, row.RowKey) { [property] = text }, Azure.ETag.All, TableUpdateMode.Merge);

        async Task RunAsync(int rounds)
        {
            for (var round = 0; round < rounds; round++)
            {
                await job.RunAsync(CancellationToken.None);
                time.Advance(SecretResealing.Interval);
            }
        }
    }

    [Fact]
    public async Task Without_a_key_a_run_costs_one_read_and_writes_nothing()
    {
        await FillAsync(Process());
        var connection = tables.Connect();

        await Process(connection).SecretResealing.RunAsync(CancellationToken.None);

        Assert.Equal(1, connection.Calls);
        Assert.Equal(["", "", ""], await KeysAsync());
    }

    [Fact]
    public async Task A_run_is_bounded_and_the_next_one_continues()
    {
        var process = Process();
        for (var i = 0; i < SecretResealing.MaxPerRun + 3; i++)
        {
            await process.Administration.CreateTenantAsync("Acme", TenantProcess.Operator, CancellationToken.None);
        }

        var job = Process("one").SecretResealing;
        await job.RunAsync(CancellationToken.None);
        Assert.Equal(3, (await KeysAsync()).Count(key => key.Length == 0));
        await job.RunAsync(CancellationToken.None);
        Assert.All(await KeysAsync(), key => Assert.Equal("one", key));
    }

    [Fact]
    public async Task A_missing_key_stops_neither_the_others_nor_the_app_and_is_tried_again()
    {
        var (tenant, _, _) = await FillAsync(Process("one"));
        await Process().Administration.CreateTenantAsync("Plain", TenantProcess.Operator, CancellationToken.None);
        var job = Process("two").SecretResealing;

        await job.RunAsync(CancellationToken.None);

        Assert.Equal(["one", "one", "one", "two"], await KeysAsync());
        await Assert.ThrowsAsync<SealedSecretException>(() => ReadAsync(Process("two"), tenant));
        await Assert.ThrowsAsync<SealedSecretException>(() => Process("two").Cursors.SealNumberAsync(tenant.Tenant, "list", 1, CancellationToken.None));

        time.Advance(SecretResealing.Interval);
        await Process("two", "one").SecretResealing.RunAsync(CancellationToken.None);
        Assert.All(await KeysAsync(), key => Assert.Equal("two", key));
    }

    [Fact]
    public async Task A_run_may_die_at_any_call_and_a_rotation_may_come_between() => await CrashExploration.RunAsync(
        async (run, fresh) =>
        {
            var setup = new ParleyProcess(fresh.Connect("setup"), run.Time, 1);
            await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
            var (tenant, rotated, _) = await FillAsync(setup);
            return (Run: run, Tables: fresh, Tenant: tenant, Secrets: new List<string> { rotated, tenant.WebhookSecret });
        },
        async (model, process) =>
        {
            var job = Process(process, model.Run.Time, "one").SecretResealing.RunAsync(CancellationToken.None);
            var rotation = Process(model.Run.Connect(model.Tables, "other"), model.Run.Time, "one").WebhookSecrets
                .RotateAsync(model.Tenant.Tenant, TenantProcess.Operator, CancellationToken.None);
            model.Secrets.Insert(0, (await rotation).WebhookSecret);
            await job;
        },
        async (model, process) =>
        {
            var restarted = Process(process, model.Run.Time, "one");
            for (var round = 0; round < 4; round++)
            {
                await restarted.SecretResealing.RunAsync(CancellationToken.None);
                await Task.Delay(SecretResealing.Interval, model.Run.Time);
            }
        },
        async (model, process) =>
        {
            var reader = Process(process, model.Run.Time, "one");
            Assert.Equal(model.Secrets, await ReadAsync(reader, model.Tenant));
            Assert.All(await KeysAsync(reader), key => Assert.Equal("one", key));
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 5);

    private static async Task<(NewTenant Tenant, string Rotated, string Cursor)> FillAsync(ParleyProcess process)
    {
        var created = await process.Administration.CreateTenantAsync("Acme", TenantProcess.Operator, CancellationToken.None);
        var rotated = await process.WebhookSecrets.RotateAsync(created.Tenant, TenantProcess.Operator, CancellationToken.None);
        return (created, rotated.WebhookSecret, await process.Cursors.SealNumberAsync(created.Tenant, "list", 7, CancellationToken.None));
    }

    private static Task<IReadOnlyList<string>> ReadAsync(ParleyProcess process, NewTenant tenant) =>
        process.WebhookSecrets.ReadAsync(tenant.Tenant, CancellationToken.None);

    private static ParleyProcess Process(TableConnection connection, TimeProvider time, params string[] keys) =>
        new(connection, time, seed: keys.Length + 1, assistants: new(TestSecrets.Settings(keys), new NoQueues()));

    private ParleyProcess Process(TableConnection connection, params string[] keys) => Process(connection, time, keys);

    private ParleyProcess Process(params string[] keys) => Process(tables.Connect(), keys);

    /// <summary>The ids of the keys of all stored secrets, of the cursors first; empty for plain text.</summary>
    private Task<List<string>> KeysAsync() => KeysAsync(Process());

    private static async Task<List<string>> KeysAsync(ParleyProcess reader) =>
        [.. (await SecretsAsync(reader)).Select(text => text.StartsWith("sealed:", StringComparison.Ordinal) ? text.Split(':')[2] : "")];

    private Task<List<string>> SecretsAsync() => SecretsAsync(Process());

    private sealed class LogIds : ILogger<SecretResealing>
    {
        public List<int> Ids { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Ids.Add(eventId.Id);
    }

    private static async Task<List<string>> SecretsAsync(ParleyProcess reader)
    {
        var rows = await reader.Tables.Tenants.QueryAsync<TableEntity>().ToListAsync();
        return
        [
            .. rows.SelectMany(row => new[] { "Secret", "WebhookSecret", "EarlierWebhookSecrets" }.Select(row.GetString))
                .OfType<string>(),
        ];
    }
}
