using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Parley.DevHost.Settings;
using Parley.DevHost.Triggers;
using Parley.DevHost.Worker;
using Parley.DevHost.Worker.Messages;
using Parley.Testing;

namespace Parley.Tests.DevHost;

/// <summary>Runs queue and timer functions under test, and records their runs and the log.</summary>
internal sealed class TriggerStage : ILoggerProvider, ILogger
{
    private int running;
    private int ended;

    /// <summary>The body of each run.</summary>
    public Func<string, CancellationToken, Task> OnRun { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>
    /// Releases runs when <see cref="OnRun"/> is <see cref="WaitAtGateAsync"/>: each release lets one run finish.
    /// </summary>
    public SemaphoreSlim Gate { get; } = new(0);

    /// <summary>The text of each message, and "tick" or "late tick", in the order in which runs began.</summary>
    public ConcurrentQueue<string> Began { get; } = new();

    public ConcurrentQueue<(LogLevel Level, string Message, Exception? Exception)> Logged { get; } = new();

    public int Running => Volatile.Read(ref running);

    public int Ended => Volatile.Read(ref ended);

    public int MostAtOnce { get; private set; }

    /// <summary>Creates a function with a queue trigger or a timer trigger.</summary>
    public static AppFunction Function(string name, TriggerBinding trigger) => new(name, name, trigger);

    /// <summary>Creates a listener whose function runs on this stage.</summary>
    public TriggerListener NewListener(AppFunction function, IReadOnlyDictionary<string, string?> settings, QueueSettings queues, TimeProvider time)
    {
        var loggers = new LoggerFactory();
        loggers.AddProvider(this);
        return new TriggerListener(function, RunAsync, new AppSettings(settings), queues, time, loggers);
    }

    public async Task RunAsync(TriggerValue value, CancellationToken cancellationToken)
    {
        var what = value.Data.DataCase == TypedData.DataOneofCase.String ? value.Data.String
            : JsonDocument.Parse(value.Data.Json).RootElement.GetProperty("IsPastDue").GetBoolean() ? "late tick" : "tick";
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

    /// <summary>
    /// Waits and ignores the token, but only up to a limit, so that the host of a failing test can end.
    /// </summary>
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
