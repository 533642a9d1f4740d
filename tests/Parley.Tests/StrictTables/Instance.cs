using Parley.Testing;

namespace Parley.Tests.OnStrictTables;

/// <summary>One who acts again and again, in a process that is started anew when it has died.</summary>
/// <param name="run">The run.</param>
/// <param name="start">Starts its n-th process, with troubles of its own.</param>
/// <param name="act">What it does.</param>
/// <param name="isFailure">What it may be told instead of an answer; anything else is a defect.</param>
/// <param name="seed">Of its pauses.</param>
internal sealed class Instance(
    Simulation run, Func<int, (ParleyProcess Process, TableConnection Connection)> start, Func<Instance, Task> act, Func<Exception, bool> isFailure, int seed)
{
    private readonly Random random = new(seed);
    private (ParleyProcess Process, TableConnection Connection)? running;
    private int started;

    /// <summary>Its process, alive.</summary>
    public ParleyProcess Process
    {
        get
        {
            if (running is not { Connection.IsDead: false })
            {
                running = start(++started);
            }

            return running.Value.Process;
        }
    }

    /// <summary>Acts until it is done, after less than so many seconds each.</summary>
    public async Task RepeatAsync(Func<bool> isDone, int pause)
    {
        while (!isDone())
        {
            await Task.Delay(TimeSpan.FromSeconds(random.Next(pause)), run.Time);
            try
            {
                await act(this);
            }
            catch (Exception e) when (e is CrashException || isFailure(e))
            {
                // Whatever it was: the data say what has happened.
            }
        }
    }
}
