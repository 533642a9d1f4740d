using Parley.Testing;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>Calls of a process that wait until the test releases them.</summary>
internal sealed class HeldCalls : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ManualResetEventSlim released = new();
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool holdsRequests;
    private volatile bool holdsResponses;
    private int completed;

    public HeldCalls() => Hooks = new TableHooks { Before = BeforeAsync, After = (_, _) => After() };

    public TableHooks Hooks { get; }

    /// <summary>The calls that storage has carried out.</summary>
    public int Completed => completed;

    /// <summary>From now on calls wait before storage carries them out.</summary>
    public void HoldRequests() => holdsRequests = true;

    /// <summary>From now on calls wait after storage has carried them out.</summary>
    public void HoldResponses() => holdsResponses = true;

    /// <summary>Completes when a call waits.</summary>
    public Task UntilHeldAsync() => reached.Task.WaitAsync(Patience);

    public void Release()
    {
        release.SetResult();
        released.Set();
    }

    public void Dispose() => released.Dispose();

    private async ValueTask BeforeAsync(TableCall call, CancellationToken cancellation)
    {
        if (holdsRequests)
        {
            reached.TrySetResult();
            await release.Task;
        }
    }

    private void After()
    {
        Interlocked.Increment(ref completed);
        if (holdsResponses)
        {
            reached.TrySetResult();
            released.Wait(Patience);
        }
    }
}
