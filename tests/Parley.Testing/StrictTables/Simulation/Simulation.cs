using System.Globalization;

namespace Parley.Testing;

/// <summary>
/// One run of a scenario in which a seed decides everything that time and threads decide elsewhere: which of the waiting storage calls
/// comes next, and when time moves on. The same seed gives the same run.
/// </summary>
/// <remarks>
/// <para>All code of a run is executed by one thread, in turns. The run's own synchronization context queues continuations; when the
/// queue is empty, everything waits: at a storage call, for virtual time, or for something in memory that another one holds (a
/// <c>SemaphoreSlim</c>, say). Then one storage call is picked by the seed and carried out; with none waiting, time moves to the next
/// timer. So nothing has to know how many actors there are, and actors of one process work as those of several do.</para>
/// <para>What keeps it on the one thread: a continuation that wants the context is posted to it, by whoever completes what it waited
/// for, also where a task insists on asynchronous continuations (<c>SemaphoreSlim</c>'s do). A continuation that does not
/// (<c>ConfigureAwait(false)</c>, all of Azure.Core) is run in place by the completing thread, provided that no context is current
/// there; so storage calls, timers and cancellations are completed with the context taken off (<see cref="RunBare"/>).</para>
/// <para>What can still leave: <c>Task.Run</c>, real timers, and <c>SemaphoreSlim.WaitAsync</c> with a token that can be cancelled,
/// which goes through the thread pool. It cannot pass unseen: whatever comes back from another thread, as a posted continuation or as
/// a storage call, fails the run. So a run that succeeds was deterministic in all that it did to the storage.</para>
/// </remarks>
public sealed class Simulation : SynchronizationContext
{
    /// <summary>More turns than this mean that the scenario does not end.</summary>
    private const int MaxSlots = 100_000;

    /// <summary>Only a run that fails waits so long for another thread to show itself, so that the failure can name it.</summary>
    private static readonly TimeSpan PatienceWithOthers = TimeSpan.FromSeconds(5);

    private readonly Queue<Work> ready = new();
    private readonly List<Waiting> waiting = [];
    private readonly List<string> trace = [];
    private readonly int thread = Environment.CurrentManagedThreadId;
    private string? intruder;

    private Simulation(int seed, DateTimeOffset start)
    {
        Seed = seed;
        Random = new Random(seed);
        Time = new VirtualTime(start);
    }

    /// <summary>The run's seed.</summary>
    public int Seed { get; }

    /// <summary>The seed's sequence, which the scheduler uses too. Only for the thread of the run.</summary>
    public Random Random { get; }

    /// <summary>The run's time. It moves when everything waits for it.</summary>
    public VirtualTime Time { get; }

    /// <summary>Up to so much time passes with every storage call, by seed. None as long as this is not set.</summary>
    public TimeSpan CallTime { get; set; }

    /// <summary>
    /// In one of so many turns time moves to the next timer although storage calls wait: they are slow, and their callers' time-outs
    /// fire. A call that is given up is then carried out late or never, by seed. Never as long as this is 0.
    /// </summary>
    public int SlowOneIn { get; set; }

    /// <summary>What happened so far, a line per storage call.</summary>
    public IReadOnlyList<string> Trace => trace;

    /// <summary>Runs a scenario to its end, on this thread.</summary>
    /// <exception cref="SimulationException">Nothing can go on, it does not end, or it left the thread.</exception>
    public static Simulation Run(int seed, Func<Simulation, Task> scenario, DateTimeOffset? start = null)
    {
        var outer = Current;
        var simulation = new Simulation(seed, start ?? new VirtualTime().GetUtcNow());
        try
        {
            SetSynchronizationContext(simulation);
            var task = scenario(simulation);
            simulation.RunUntilCompleted(task);
            task.GetAwaiter().GetResult();
            return simulation;
        }
        catch (Exception e)
        {
            throw new SimulationException(simulation.Describe(e), e);
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    /// <summary>A process's connection whose calls wait for their turn. Other hooks may be given with it.</summary>
    public TableConnection Connect(StrictTables tables, string process, TableHooks? hooks = null)
    {
        hooks ??= new TableHooks();
        return tables.Connect(process, hooks with
        {
            Before = WaitForSlotAsync,
            LandsAfterAll = _ => Random.Next(2) == 0,
            Late = (call, request) => waiting.Add(new Waiting(call, Late: request)),
            Fault = hooks.Fault is { } decide ? call => Noted(call, decide(call)) : null,
            After = (call, status) =>
            {
                trace.Add(string.Create(CultureInfo.InvariantCulture, $"{call} -> {status}"));
                hooks.After?.Invoke(call, status);
            },
        });
    }

    /// <summary>Carries out what is late and did not come yet, so that nothing happens any more after it.</summary>
    public void DeliverLate()
    {
        foreach (var late in waiting.Where(each => each.Late is not null).ToArray())
        {
            waiting.Remove(late);
            late.Late!();
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (ready)
        {
            ready.Enqueue(new Work(d, state, Bare: false));
        }

        CheckThread(state);
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing in a simulation waits for the context by blocking.");

    public override SynchronizationContext CreateCopy() => this;

    private void RunUntilCompleted(Task scenario)
    {
        for (var completion = 0; ; completion++)
        {
            while (TryTake(out var work))
            {
                if (work.Bare)
                {
                    RunBare(work);
                }
                else
                {
                    work.Callback(work.State);
                }
            }

            if (intruder is not null)
            {
                throw new InvalidOperationException(
                    $"Another thread came in with {intruder}, so the run is not deterministic. Look for Task.Run, real timers, or SemaphoreSlim.WaitAsync with a token that can be cancelled.");
            }

            if (scenario.IsCompleted)
            {
                return;
            }

            if (completion == MaxSlots)
            {
                throw new InvalidOperationException($"The scenario has not ended after {MaxSlots} turns.");
            }

            TakeSlot();
        }
    }

    /// <summary>Everything waits: picks what comes next.</summary>
    private void TakeSlot()
    {
        if (waiting.Count > 0 && !(SlowOneIn > 0 && Random.Next(SlowOneIn) == 0))
        {
            if (CallTime > TimeSpan.Zero)
            {
                RunBare(new Work(_ => Time.Advance(CallTime * Random.NextDouble()), null, Bare: true));
            }

            if (waiting.Count > 0)
            {
                Pick(Random.Next(waiting.Count));
            }

            return;
        }

        var moved = false;
        RunBare(new Work(_ => moved = Time.AdvanceToNext(), null, Bare: true));
        if (!moved && waiting.Count == 0 && !OthersCome())
        {
            throw new InvalidOperationException("Nothing can go on: the scenario waits neither for storage nor for virtual time.");
        }
    }

    private void Pick(int index)
    {
        var next = waiting[index];
        waiting.RemoveAt(index);
        if (next.Late is { } late)
        {
            trace.Add($"late: {next.Call}");
            late();
        }
        else
        {
            RunBare(new Work(_ => next.Completion!.TrySetResult(), null, Bare: true));
        }
    }

    /// <summary>Runs without a current context, so that continuations which want none run in place.</summary>
    private void RunBare(Work work)
    {
        SetSynchronizationContext(null);
        try
        {
            work.Callback(work.State);
        }
        finally
        {
            SetSynchronizationContext(this);
        }
    }

    private bool TryTake(out Work work)
    {
        lock (ready)
        {
            return ready.TryDequeue(out work);
        }
    }

    /// <summary>Before a deadlock is reported: whether another thread brings something, which is an error of another kind.</summary>
    private bool OthersCome()
    {
        lock (ready)
        {
            return intruder is not null || Monitor.Wait(ready, PatienceWithOthers);
        }
    }

    /// <summary>Remembers what another thread brought; false when it did.</summary>
    private bool CheckThread(object? what)
    {
        if (Environment.CurrentManagedThreadId == thread)
        {
            return true;
        }

        lock (ready)
        {
            intruder ??= what?.ToString() ?? "a continuation";
            Monitor.Pulse(ready);
            return false;
        }
    }

    private ValueTask WaitForSlotAsync(TableCall call, CancellationToken cancellation)
    {
        if (!CheckThread(call))
        {
            throw new InvalidOperationException($"A storage call on another thread, so the run is not deterministic: {call}");
        }

        // Its continuation is Azure.Core's, which runs in place when this is completed: no RunContinuationsAsynchronously.
        var completion = new TaskCompletionSource();
        var entry = new Waiting(call, completion);
        waiting.Add(entry);
        if (cancellation.CanBeCanceled)
        {
            entry.Cancellation = cancellation.UnsafeRegister((_, token) => GiveUp(entry, token), null);
        }

        return new ValueTask(completion.Task);
    }

    private void GiveUp(Waiting entry, CancellationToken token)
    {
        if (!waiting.Remove(entry))
        {
            return;
        }

        trace.Add($"given up: {entry.Call}");
        // The caller's token may be cancelled by code under the context, where the wait must not be completed.
        lock (ready)
        {
            ready.Enqueue(new Work(_ => entry.Completion!.TrySetCanceled(token), null, Bare: true));
        }
    }

    private Fault Noted(TableCall call, Fault fault)
    {
        if (fault.Kind != FaultKind.None)
        {
            trace.Add($"{fault}: {call}");
        }

        return fault;
    }

    private string Describe(Exception e) =>
        $"""
        {e.Message}
        Seed {Seed}, {Time.GetUtcNow():O}. Waiting: {(waiting.Count == 0 ? "nothing" : string.Join("; ", waiting.Select(each => each.Call)))}
        {string.Join('\n', trace.TakeLast(60))}
        """;

    private readonly record struct Work(SendOrPostCallback Callback, object? State, bool Bare);

    private sealed record Waiting(TableCall Call, TaskCompletionSource? Completion = null, Action? Late = null)
    {
        public CancellationTokenRegistration Cancellation { get; set; }
    }
}

/// <summary>A run that failed, with what led to it.</summary>
public sealed class SimulationException(string message, Exception cause) : Exception(message, cause);
