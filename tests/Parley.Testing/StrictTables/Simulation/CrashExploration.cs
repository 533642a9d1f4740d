namespace Parley.Testing;

/// <summary>
/// Ends a process at every storage call that it makes, before and after the call is carried out, and looks at what a new process then
/// finds and does.
/// </summary>
public static class CrashExploration
{
    /// <summary>The process ends before the call or after it.</summary>
    public static IReadOnlyList<Fault> Crashes { get; } = [Fault.CrashBefore, Fault.CrashAfter];

    /// <summary>
    /// Also: the call is still on its way when the process ends, and is carried out at some time during or after the recovery, by seed.
    /// </summary>
    public static IReadOnlyList<Fault> CrashesAndLateCalls { get; } = [.. Crashes, Fault.CrashLate];

    /// <summary>
    /// Runs <paramref name="act"/> undisturbed to count its calls, then for each call and fault on fresh data: set up, act until the
    /// fault, recover, verify. Faults other than crashes leave the process running, so what <paramref name="act"/> then does or throws
    /// is its own affair; <paramref name="recover"/> and <paramref name="verify"/> follow in any case.
    /// </summary>
    /// <param name="setup">Prepares the data; what it returns is given to the others.</param>
    /// <param name="act">What the process under test does, on its connection.</param>
    /// <param name="recover">What comes after: a new process in which the client tries again, the sweep runs, and so on.</param>
    /// <param name="verify">Checks the invariants, when nothing more is on its way.</param>
    /// <param name="faults">What happens at each call; <see cref="Crashes"/> unless said otherwise.</param>
    /// <param name="seeds">How many orders are tried for each, where calls run side by side or land late.</param>
    /// <param name="watch">What is told of every call that the service has carried out for one of the three processes (<see cref="TableHooks.After"/>).</param>
    /// <returns>The number of calls that <paramref name="act"/> makes undisturbed.</returns>
    public static Task<int> RunAsync<T>(
        Func<Simulation, StrictTables, Task<T>> setup,
        Func<T, TableConnection, Task> act,
        Func<T, TableConnection, Task> recover,
        Func<T, TableConnection, Task> verify,
        IReadOnlyList<Fault>? faults = null,
        int seeds = 1,
        Func<T, Action<TableCall, int>>? watch = null) => Interleaving.OnOwnThreadAsync(() =>
    {
        var calls = 0;
        Simulation.Run(1, async run => calls = (await RunOnceAsync(run, new TableHooks())).Calls);
        for (var number = 1; number <= calls; number++)
        {
            foreach (var fault in faults ?? Crashes)
            {
                for (var seed = 1; seed <= seeds; seed++)
                {
                    RunCase(number, fault, seed);
                }
            }
        }

        return calls;

        void RunCase(int number, Fault fault, int seed)
        {
            TableCall? hit = null;
            try
            {
                Simulation.Run(seed, run => RunOnceAsync(run, new TableHooks { Fault = FaultAtNumber }));
            }
            catch (SimulationException e)
            {
                throw new CrashExplorationException($"{fault} at call {number} of {calls} ({hit}), seed {seed}:\n{e.Message}", e);
            }

            if (hit is null)
            {
                throw new CrashExplorationException($"Call {number} of {calls} was never made by seed {seed}, so {fault} was not tried there.");
            }

            Fault FaultAtNumber(TableCall call)
            {
                hit = call.Number == number ? call : hit;
                return call.Number == number ? fault : Fault.None;
            }
        }

        async Task<TableConnection> RunOnceAsync(Simulation run, TableHooks hooks)
        {
            var tables = new StrictTables(run.Time);
            var state = await setup(run, tables);
            var after = watch?.Invoke(state);
            var process = run.Connect(tables, "act", hooks with { After = after });
            try
            {
                await act(state, process);
            }
            catch (Exception) when (hooks.Fault is not null)
            {
                // A dead process tells nobody anything; one that failed has told its client, who recovers.
            }

            await recover(state, run.Connect(tables, "recover", new TableHooks { After = after }));
            run.DeliverLate();
            await verify(state, run.Connect(tables, "verify", new TableHooks { After = after }));
            return process;
        }
    });
}

/// <summary>A case of a sweep failed; the message says which.</summary>
public sealed class CrashExplorationException(string message, Exception? cause = null) : Exception(message, cause);
