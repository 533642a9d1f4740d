using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Cleanup;

/// <summary>Deletions with a crash at each storage call, and with two runs at once.</summary>
public sealed class TenantErasureCrashTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(15);

    [Fact]
    public async Task A_request_that_dies_is_repeated_by_its_client()
    {
        var calls = await CrashExploration.RunAsync(
            (run, tables) => ErasureGround.BuildAsync(run.Time, tables),
            (ground, connection) => ErasureGround.BeginAsync(ground.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Process(connection, 2);
                await ErasureGround.BeginAsync(process);
                await ErasureGround.RunAsync(process, pause => Task.Delay(pause, ground.Time));
            },
            (ground, _) => ground.VerifyAsync(ErasureGround.Built()),
            [.. CrashExploration.CrashesAndLateCalls, .. Fault.Unanswered],
            seeds: 3);
        Assert.Equal(5, calls);
    }

    /// <summary>Also when no client repeats it: once the row exists, the timer goes on.</summary>
    [Fact]
    public async Task A_request_that_dies_after_its_first_write_is_carried_out() => await CrashExploration.RunAsync(
        (run, tables) => ErasureGround.BuildAsync(run.Time, tables),
        (ground, connection) => ErasureGround.BeginAsync(ground.Process(connection, 1)),
        async (ground, connection) =>
        {
            var process = ground.Process(connection, 2);
            if (await process.Erasures.FindAsync(ErasureGround.Deleted, CancellationToken.None) is not null)
            {
                await ErasureGround.RunAsync(process, pause => Task.Delay(pause, ground.Time));
            }
        },
        async (ground, _) =>
        {
            if (await ground.Quiet.Erasures.FindAsync(ErasureGround.Deleted, CancellationToken.None) is not null)
            {
                await ground.VerifyAsync(ErasureGround.Built());
            }
        },
        CrashExploration.Crashes);

    [Fact]
    public async Task A_run_that_dies_anywhere_is_continued_and_nothing_is_counted_twice()
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var ground = await ErasureGround.BuildAsync(run.Time, tables);
                await ErasureGround.BeginAsync(ground.Quiet);
                return ground;
            },
            (ground, connection) => ErasureGround.RunAsync(ground.Process(connection, 1, pageRows: 4), pause => Task.Delay(pause, ground.Time)),
            (ground, connection) => ErasureGround.RunAsync(ground.Process(connection, 2), pause => Task.Delay(pause, ground.Time)),
            (ground, _) => ground.VerifyAsync(ErasureGround.Built()),
            CrashExploration.CrashesAndLateCalls);
        Assert.True(calls > 60, $"{calls}");
    }

    [Fact]
    public async Task Two_runs_at_once_with_faults_count_nothing_twice() => await Interleaving.ExploreAsync(60, RunAsync);

    private static async Task RunAsync(Simulation run)
    {
        var tables = new StrictTables(run.Time);
        var ground = await ErasureGround.BuildAsync(run.Time, tables);
        var random = new Random(run.Seed);
        await ErasureGround.BeginAsync(ground.Quiet);
        await Task.WhenAll(Enumerable.Range(1, 2).Select(async number =>
        {
            for (var life = 0; await IsOpenAsync(); life++)
            {
                Assert.True(life < 500, "The deletion does not end.");
                await Task.Delay(Tick, run.Time);
                var hooks = new TableHooks
                {
                    Fault = run.Seed % 3 == 0 ? null : TableHooks.OneIn(15, random.Next(), [.. Fault.Unanswered, .. CrashExploration.CrashesAndLateCalls]),
                    PageRows = TableHooks.SmallPages(random.Next()),
                };
                var process = ground.Process(run.Connect(tables, $"p{number}", hooks), run.Seed * 10 + number, pageRows: 1 + random.Next(5), maxPages: 1 + random.Next(20));
                try
                {
                    await process.Job.RunAsync(CancellationToken.None);
                }
                catch (Exception e) when (e is CrashException || StorageErrors.IsFailure(e, CancellationToken.None))
                {
                    // The next tick continues.
                }
            }
        }));
        run.DeliverLate();
        await ground.VerifyAsync(ErasureGround.Built());

        async Task<bool> IsOpenAsync() =>
            (await ground.Quiet.Erasures.FindAsync(ErasureGround.Deleted, CancellationToken.None))!.FinishedAt is null;
    }
}
