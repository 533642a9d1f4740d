using System.Globalization;

namespace Parley.Testing;

/// <summary>
/// One run of a scenario in which a seed decides everything that time and threads decide elsewhere: which pending
/// storage call comes next, and when time advances. The same seed gives the same run.
/// </summary>
/// <remarks>
/// <para>One thread executes all code of a run, step by step. The run's own synchronization context queues
/// continuations. When the queue is empty, all code waits: at a storage call, for virtual time, or for a resource in
/// memory such as a <c>SemaphoreSlim</c>. Then the seed picks one storage call, which is carried out; if none is
/// pending, time advances to the next timer. So no code has to know the number of actors, and the actors of one process
/// run in the same way as those of several processes.</para>
/// <para>Why code stays on the one thread: a continuation that captured the context is posted to it by the code that
/// completes its task, also where a task forces asynchronous continuations (<c>SemaphoreSlim</c>'s do). A continuation
/// that did not capture it (<c>ConfigureAwait(false)</c>, all of Azure.Core) runs inline on the completing thread,
/// provided that no context is current there. So storage calls, timers and cancellations are completed without a
/// current context (<see cref="RunBare"/>).</para>
/// <para>Code can still leave the thread by <c>Task.Run</c>, real timers, and <c>SemaphoreSlim.WaitAsync</c> with a
/// token that can be cancelled, which uses the thread pool. This is always detected: a posted continuation or a storage
/// call from another thread fails the run. So a run that succeeds was deterministic in all its storage calls.</para>
/// </remarks>
public sealed class Simulation : SynchronizationContext
{
    /// <summary>A run with more scheduling steps than this is treated as endless.</summary>
    private const int MaxSlots = 100_000;

    /// <summary>
    /// Only a run that fails waits this long for work on another thread, so that the error can name it.
    /// </summary>
    private static readonly TimeSpan OtherThreadTimeout = TimeSpan.FromSeconds(5);

    private readonly Queue<Work> ready = new();
    private readonly List<Waiting> waiting = [];
    private readonly List<string> trace = [];
    private readonly int thread = Environment.CurrentManagedThreadId;
    private string? otherThreadWork;

    private Simulation(int seed, DateTimeOffset start)
    {
        Seed = seed;
        Random = new Random(seed);
        Time = new VirtualTime(start);
    }

    public int Seed { get; }

    /// <summary>The sequence of the seed, which the scheduler uses too. Only for the thread of the run.</summary>
    public Random Random { get; }

    /// <summary>The run's time. It advances when all code waits.</summary>
    public VirtualTime Time { get; }

    /// <summary>
    /// The maximum time that passes with each storage call; the seed chooses the amount. Zero by default.
    /// </summary>
    public TimeSpan CallTime { get; set; }

    /// <summary>
    /// In one of this many scheduling steps, time advances to the next timer although storage calls are pending: the
    /// calls are slow, and their callers' time-outs expire. A cancelled call is then carried out late or never, chosen
    /// by the seed. Never while this is 0.
    /// </summary>
    public int SlowOneIn { get; set; }

    /// <summary>The storage calls so far, one a line.</summary>
    public IReadOnlyList<string> Trace => trace;

    /// <summary>Runs a scenario to its end, on this thread.</summary>
    /// <exception cref="SimulationException">The run is deadlocked, does not end, or left the thread.</exception>
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

    /// <summary>
    /// Creates a process's connection whose calls wait for the scheduler. Other hooks may be combined with it.
    /// </summary>
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

    /// <summary>Carries out all late calls that are still pending, so that no call follows.</summary>
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

            if (otherThreadWork is not null)
            {
                throw new InvalidOperationException(
                    $"Another thread came in with {otherThreadWork}, so the run is not deterministic. Look for Task.Run, real timers, or SemaphoreSlim.WaitAsync with a token that can be cancelled.");
            }

            if (scenario.IsCompleted)
            {
                return;
            }

            if (completion == MaxSlots)
            {
                throw new InvalidOperationException($"The scenario has not ended after {MaxSlots} slots.");
            }

            TakeSlot();
        }
    }

    /// <summary>Picks the next event when all code waits.</summary>
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
        if (!moved && waiting.Count == 0 && !OtherThreadArrives())
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

    /// <summary>Runs without a current context, so that continuations that did not capture one run inline.</summary>
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

    /// <summary>
    /// Checks, before a deadlock is reported, whether another thread brings work: that is a different error.
    /// </summary>
    private bool OtherThreadArrives()
    {
        lock (ready)
        {
            return otherThreadWork is not null || Monitor.Wait(ready, OtherThreadTimeout);
        }
    }

    /// <summary>Records work that came from another thread, and then returns false.</summary>
    private bool CheckThread(object? what)
    {
        if (Environment.CurrentManagedThreadId == thread)
        {
            return true;
        }

        lock (ready)
        {
            otherThreadWork ??= what?.ToString() ?? "a continuation";
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

        // The continuation is Azure.Core's and must run inline on completion, so there is no
        // RunContinuationsAsynchronously.
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
        // The caller's token may be cancelled by code that runs under the context, where the wait must not be
        // completed.
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

/// <summary>A run failed; the message includes the preceding calls.</summary>
public sealed class SimulationException(string message, Exception cause) : Exception(message, cause);
