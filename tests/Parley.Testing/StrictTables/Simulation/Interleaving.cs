using System.Globalization;
using Xunit;

namespace Parley.Testing;

/// <summary>
/// Runs a scenario under many orders of its storage calls. A failure names its seed; with that seed in PARLEY_SEED the
/// same test repeats this one run. An ordinary test run uses at most <see cref="OrdinaryRuns"/> seeds for each
/// scenario, PARLEY_DEEP=1 uses all of them (./dev test --deep), and PARLEY_RUNS sets another number.
/// </summary>
public static class Interleaving
{
    /// <summary>
    /// A sample of each scenario: the largest ones have 10,000 runs, which are for ./dev test --deep. Built-in faults are
    /// searched with all their seeds in every test run, so that a model that finds nothing any more is noticed.
    /// </summary>
    private const int OrdinaryRuns = 30;

    /// <summary>True for ./dev test --deep, in which tests use all of their cases and not a sample.</summary>
    public static bool IsDeep => Setting("PARLEY_DEEP") is 1;

    /// <summary>Runs the scenario once, with one seed.</summary>
    public static Task<Simulation> RunAsync(int seed, Func<Simulation, Task> scenario, DateTimeOffset? start = null) =>
        OnOwnThreadAsync(() => Simulation.Run(seed, scenario, start));

    /// <summary>The seeds to use for a scenario with this number of runs.</summary>
    public static IEnumerable<int> Seeds(int runs) =>
        Setting("PARLEY_SEED") is { } only ? [only]
        : Enumerable.Range(1, Setting("PARLEY_RUNS", min: 1) ?? (IsDeep ? runs : Math.Min(runs, OrdinaryRuns)));

    /// <summary>Runs the scenario once for each of these <see cref="Seeds"/>; every run must pass.</summary>
    public static Task ExploreAsync(int runs, Func<Simulation, Task> scenario, DateTimeOffset? start = null) =>
        PlayAsync(Seeds(runs), scenario, start);

    /// <summary>
    /// Runs a scenario with a built-in fault until a run fails, with at most <paramref name="runs"/> seeds, and returns
    /// that failure. An ordinary test run may use all of these seeds.
    /// </summary>
    /// <param name="first">The first seed. If few seeds fail, one shortly before a seed that fails saves time.</param>
    public static Task<InterleavingException> CatchAsync(int runs, Func<Simulation, Task> scenario, DateTimeOffset? start = null, int first = 1) =>
        Assert.ThrowsAsync<InterleavingException>(() => PlayAsync(Enumerable.Range(first, runs), scenario, start));

    private static Task<bool> PlayAsync(IEnumerable<int> seeds, Func<Simulation, Task> scenario, DateTimeOffset? start) => OnOwnThreadAsync(() =>
    {
        foreach (var seed in seeds)
        {
            try
            {
                Simulation.Run(seed, scenario, start);
            }
            catch (SimulationException e)
            {
                throw new InterleavingException($"The run of seed {seed} failed; PARLEY_SEED={seed} plays it again.\n{e.Message}", e);
            }
        }

        return true;
    });

    /// <summary>
    /// Runs work on its own thread, which has no synchronization context and no task scheduler except the simulation's.
    /// Any other would send continuations to the thread pool.
    /// </summary>
    internal static async Task<T> OnOwnThreadAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = nameof(Interleaving) };
        thread.Start();
        return await done.Task;
    }

    private static int? Setting(string name, int min = int.MinValue) => Environment.GetEnvironmentVariable(name) switch
    {
        null or "" => null,
        var text when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min => number,
        var text => throw new InvalidOperationException($"{name} is '{text}'; it must be a whole number{(min > 0 ? $" from {min}" : "")}."),
    };
}

/// <summary>One of many runs failed; the message contains the run's seed and how to repeat it.</summary>
public sealed class InterleavingException(string message, Exception cause) : Exception(message, cause);
