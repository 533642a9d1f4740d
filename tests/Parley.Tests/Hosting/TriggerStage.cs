using System.Collections.Concurrent;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Testing;

namespace Parley.Tests.Hosting;

/// <summary>What queue and timer functions under test do and leave behind, and the log.</summary>
public sealed class TriggerStage : ILoggerProvider, ILogger
{
    private int running;
    private int ended;

    /// <summary>What each run does.</summary>
    public Func<string, CancellationToken, Task> OnRun { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Lets as many runs finish as it is released, where <see cref="OnRun"/> is <see cref="WaitAtGateAsync"/>.</summary>
    public SemaphoreSlim Gate { get; } = new(0);

    /// <summary>The text of each message, and "tick" or "late tick", in the order in which runs began.</summary>
    public ConcurrentQueue<string> Began { get; } = new();

    public ConcurrentQueue<(LogLevel Level, string Message, Exception? Exception)> Logged { get; } = new();

    public int Running => Volatile.Read(ref running);

    public int Ended => Volatile.Read(ref ended);

    public int MostAtOnce { get; private set; }

    public async Task RunAsync(string what, CancellationToken cancellationToken)
    {
        lock (Began)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref running));
            Began.Enqueue(what);
        }

        try
        {
            await OnRun(what, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref running);
            Interlocked.Increment(ref ended);
        }
    }

    /// <summary>Waits, whatever the token says, but not so long that a host of a failing test could not end.</summary>
    public Task WaitAtGateAsync(string what, CancellationToken cancellationToken) => Gate.WaitAsync(Wait.Limit, CancellationToken.None);

    public IEnumerable<string> Errors => Logged.Where(entry => entry.Level == LogLevel.Error).Select(entry => entry.Message);

    public IEnumerable<string> Warnings => Logged.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Message);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning)
        {
            Logged.Enqueue((logLevel, formatter(state, exception), exception));
        }
    }

    public void Dispose() => Gate.Dispose();
}

public sealed class QueueFunctions(TriggerStage stage)
{
    [Function("TakesMessages")]
    public Task TakesMessages([QueueTrigger("%TestQueue%")] string message, CancellationToken cancellationToken) => stage.RunAsync(message, cancellationToken);
}

public sealed class TimerFunctions(TriggerStage stage)
{
    [Function("Ticks")]
    public Task Ticks([TimerTrigger("%TestSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        stage.RunAsync(timer.IsPastDue ? "late tick" : "tick", cancellationToken);
}
