using Parley.Core;

namespace Parley.Tenants;

/// <summary>
/// Ends the calls of a key that is no longer valid, streams above all: each call that has been running for some seconds
/// is checked every <see cref="Interval"/>, once for all calls of the same key. The timer runs only while calls are
/// open. A call does not end because its access token expires in the meantime. Thread-safe.
/// </summary>
public sealed class OpenCalls(Authenticator authenticator, TimeProvider time) : IDisposable
{
    /// <summary>The time between two checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A state of this age is read again. With <see cref="Interval"/> and the time of a lookup, a call ends within
    /// <see cref="CredentialCache.CacheTime"/> of the revocation.
    /// </summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest time of a check of all keys. It is shorter than <see cref="Interval"/>, so that no check is left out
    /// because the one before it is still running.
    /// </summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(4);

    private const int Width = 64;

    private readonly Lock gate = new();
    private readonly HashSet<OpenCall> calls = [];
    private ITimer? timer;
    private bool isChecking;

    /// <summary>Registers a call; its end disposes the result.</summary>
    public OpenCall Begin(Caller caller)
    {
        var call = new OpenCall(this, caller, time.GetTimestamp());
        lock (gate)
        {
            calls.Add(call);
            if (timer is null)
            {
                SharedWork.Start(() => timer = time.CreateTimer(_ => _ = CheckAsync(), null, Interval, Interval));
            }
        }

        return call;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            timer?.Dispose();
            timer = null;
        }
    }

    internal void End(OpenCall call)
    {
        lock (gate)
        {
            calls.Remove(call);
        }
    }

    private async Task CheckAsync()
    {
        if (!TryStart(out var old))
        {
            return;
        }

        try
        {
            using var end = new CancellationTokenSource(MaxTime, time);
            await Workers.RunAsync([.. old.GroupBy(call => call.Caller.Credential)], Width, async key =>
            {
                if (await authenticator.FindRefusalAsync(
                    key.First().Caller, MaxAge, Interval + MaxTime, end.Token) is { } refusal)
                {
                    foreach (var call in key)
                    {
                        call.Refuse(refusal);
                    }
                }
            });
        }
        finally
        {
            lock (gate)
            {
                isChecking = false;
            }
        }
    }

    private bool TryStart(out IReadOnlyList<OpenCall> old)
    {
        lock (gate)
        {
            old = [];
            if (isChecking)
            {
                return false;
            }

            if (calls.Count == 0)
            {
                timer?.Dispose();
                timer = null;
                return false;
            }

            // Most calls are shorter, and their keys are checked when the next one begins.
            old = [.. calls.Where(call => time.GetElapsedTime(call.Since) >= Interval)];
            return isChecking = old.Count > 0;
        }
    }
}

/// <summary>A call that is running.</summary>
public sealed class OpenCall : IDisposable
{
    private readonly OpenCalls owner;
    private readonly CancellationTokenSource refused = new();

    internal OpenCall(OpenCalls owner, Caller caller, long since) =>
        (this.owner, Caller, Since) = (owner, caller, since);

    /// <summary>Cancelled when the key is no longer valid.</summary>
    public CancellationToken Refused => refused.Token;

    internal Caller Caller { get; }

    internal long Since { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The source is not disposed: a check that is running may still cancel it. It has no timer to release.
        owner.End(this);
    }

    /// <summary>The reason of <see cref="Refused"/>; null before.</summary>
    public ParleyException? Refusal { get; private set; }

    internal void Refuse(ParleyException refusal)
    {
        Refusal = refusal;
        refused.Cancel();
    }
}
