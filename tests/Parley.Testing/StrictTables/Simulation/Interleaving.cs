using System.Globalization;
using Xunit;

namespace Parley.Testing;

/// <summary>
/// Runs a scenario under many orders of its storage calls. A failure names its seed; with that in PARLEY_SEED the same test plays this
/// one run again. An ordinary run of the tests plays <see cref="OrdinaryRuns"/> of a scenario's runs at most, PARLEY_DEEP=1 all of them
/// (./dev test --deep), and PARLEY_RUNS another number.
/// </summary>
public static class Interleaving
{
    /// <summary>With so many, all tests take less than four minutes on two processors; the largest scenarios have 10,000.</summary>
    private const int OrdinaryRuns = 300;

    /// <summary>One run by one seed.</summary>
    public static Task<Simulation> RunAsync(int seed, Func<Simulation, Task> scenario, DateTimeOffset? start = null) =>
        OnOwnThreadAsync(() => Simulation.Run(seed, scenario, start));

    /// <summary>The seeds to play of a scenario that has so many runs.</summary>
    public static IEnumerable<int> Seeds(int runs) =>
        Setting("PARLEY_SEED") is { } only ? [only]
        : Enumerable.Range(1, Setting("PARLEY_RUNS", min: 1) ?? (Setting("PARLEY_DEEP") is 1 ? runs : Math.Min(runs, OrdinaryRuns)));

    /// <summary>Plays the scenario by these <see cref="Seeds"/>; every run must pass.</summary>
    public static Task ExploreAsync(int runs, Func<Simulation, Task> scenario, DateTimeOffset? start = null) =>
        PlayAsync(Seeds(runs), scenario, start);

    /// <summary>
    /// Plays a scenario with a fault built in until a run fails, by at most <paramref name="runs"/> seeds, and returns that failure. An ordinary run of the tests may play all of these seeds.
    /// </summary>
    public static Task<InterleavingException> CatchAsync(int runs, Func<Simulation, Task> scenario, DateTimeOffset? start = null) =>
        Assert.ThrowsAsync<InterleavingException>(() => PlayAsync(Enumerable.Range(1, runs), scenario, start));

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
    /// On a thread of its own, which has no synchronization context and no task scheduler but the simulation's: either would send
    /// continuations to the thread pool.
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

/// <summary>One of many runs failed; the message says which and how to play it again.</summary>
public sealed class InterleavingException(string message, Exception cause) : Exception(message, cause);
