using Parley.Testing;

namespace Parley.Tests.OnStrictTables;

/// <summary>Repeats an action in a process that is restarted after a crash.</summary>
/// <param name="run">The run.</param>
/// <param name="start">Starts the n-th process, with that process's own faults.</param>
/// <param name="act">The action.</param>
/// <param name="isFailure">True for the exceptions that the action may throw; any other is a defect.</param>
/// <param name="seed">The seed of the pauses.</param>
internal sealed class Instance(
    Simulation run, Func<int, (ParleyProcess Process, TableConnection Connection)> start, Func<Instance, Task> act, Func<Exception, bool> isFailure, int seed)
{
    private readonly Random random = new(seed);
    private (ParleyProcess Process, TableConnection Connection)? running;
    private int started;

    /// <summary>The running process; a crashed one is replaced first.</summary>
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

    /// <summary>
    /// Repeats the action until done, each time after a random pause of less than <paramref name="pause"/> seconds.
    /// </summary>
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
                // Ignored: the stored data show whether the action had an effect.
            }
        }
    }
}
