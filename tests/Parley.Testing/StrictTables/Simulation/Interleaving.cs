using System.Globalization;

namespace Parley.Testing;

/// <summary>
/// Runs a scenario under many orders of its storage calls. A failure names its seed; with that in PARLEY_SEED the same test plays this
/// one run again. PARLEY_RUNS sets another number of runs.
/// </summary>
public static class Interleaving
{
    /// <summary>One run by one seed.</summary>
    public static Task<Simulation> RunAsync(int seed, Func<Simulation, Task> scenario, DateTimeOffset? start = null) =>
        OnOwnThreadAsync(() => Simulation.Run(seed, scenario, start));

    /// <summary>Runs by the seeds from 1, or <paramref name="first"/>, on, or only by the one that PARLEY_SEED names.</summary>
    public static Task ExploreAsync(int runs, Func<Simulation, Task> scenario, DateTimeOffset? start = null, int first = 1)
    {
        if (Setting("PARLEY_SEED") is { } only)
        {
            return RunAsync(only, scenario, start);
        }

        runs = Setting("PARLEY_RUNS") ?? runs;
        return OnOwnThreadAsync(() =>
        {
            for (var seed = first; seed < first + runs; seed++)
            {
                try
                {
                    Simulation.Run(seed, scenario, start);
                }
                catch (SimulationException e)
                {
                    throw new InterleavingException($"Run {seed} of {first} to {first + runs - 1} failed; PARLEY_SEED={seed} plays it again.\n{e.Message}", e);
                }
            }

            return true;
        });
    }

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

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : null;
}

/// <summary>One of many runs failed; the message says which and how to play it again.</summary>
public sealed class InterleavingException(string message, Exception cause) : Exception(message, cause);
