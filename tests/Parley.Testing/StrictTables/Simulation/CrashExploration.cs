namespace Parley.Testing;

/// <summary>
/// Ends a process at every storage call that it makes, before and after the call is carried out, and checks what a new
/// process then finds and does.
/// </summary>
public static class CrashExploration
{
    /// <summary>The orders in which a call is looked for that the first one does not make.</summary>
    private const int MaxOrders = 8;

    /// <summary>The process ends before the call or after it.</summary>
    public static IReadOnlyList<Fault> Crashes { get; } = [Fault.CrashBefore, Fault.CrashAfter];

    /// <summary>
    /// <see cref="Crashes"/>, and a third case: the call is still on its way when the process ends, and is carried out
    /// during or after the recovery, chosen by the seed.
    /// </summary>
    public static IReadOnlyList<Fault> CrashesAndLateCalls { get; } = [.. Crashes, Fault.CrashLate];

    /// <summary>
    /// Runs <paramref name="act"/> undisturbed to count its calls. Then, for each call and fault, on fresh data: set
    /// up, act until the fault, recover, verify. Faults other than crashes leave the process running; results and
    /// exceptions of <paramref name="act"/> after such a fault are ignored. <paramref name="recover"/> and <paramref
    /// name="verify"/> always follow.
    /// </summary>
    /// <param name="setup">Prepares the data; its result is passed to the other functions.</param>
    /// <param name="act">The actions of the process under test, on its connection.</param>
    /// <param name="recover">
    /// The actions of a new process afterwards: the client's retry, the recovery timer, and so on.
    /// </param>
    /// <param name="verify">Checks the invariants when no call is pending.</param>
    /// <param name="faults">The faults at each call; by default <see cref="Crashes"/>.</param>
    /// <param name="seeds">
    /// The number of call orders to try for each fault, where calls run concurrently or land late. An ordinary test run
    /// tries two of them for late calls, and for other faults one, others from call to call; --deep tries all.
    /// </param>
    /// <param name="watch">
    /// Called for every call that the service has carried out for one of the three processes (<see
    /// cref="TableHooks.After"/>).
    /// </param>
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
                var orders = Interleaving.IsDeep ? seeds : Math.Min(seeds, fault == Fault.CrashLate ? 2 : 1);
                for (var order = 0; order < orders; order++)
                {
                    RunCase(number, fault, seed: 1 + (number + order) % seeds);
                }
            }
        }

        return calls;

        void RunCase(int number, Fault fault, int seed)
        {
            // In some orders, a call that was begun ahead is cancelled before it is sent.
            if (!TryCase(number, fault, seed) && !Enumerable.Range(1, MaxOrders).Any(other => TryCase(number, fault, other)))
            {
                throw new CrashExplorationException($"Call {number} of {calls} was never made by seed {seed}, so {fault} was not tried there.");
            }
        }

        bool TryCase(int number, Fault fault, int seed)
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

            return hit is not null;

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
                // A dead process returns no result. A process that failed has returned an error to its client, which
                // recovers.
            }

            await recover(state, run.Connect(tables, "recover", new TableHooks { After = after }));
            run.DeliverLate();
            await verify(state, run.Connect(tables, "verify", new TableHooks { After = after }));
            return process;
        }
    });
}

/// <summary>A case of the exploration failed; the message names it.</summary>
public sealed class CrashExplorationException(string message, Exception? cause = null) : Exception(message, cause);
