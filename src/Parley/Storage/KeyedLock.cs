using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// Serializes writers of one key within this process, so that they do not lose races against each other. Correctness
/// does not depend on it, only on ETags; it saves storage calls and keeps waiting fair.
/// </summary>
public sealed class KeyedLock
{
    /// <summary>
    /// Further waiters are rejected: at about 5 ms a write, the last one would wait a third of a second or longer.
    /// </summary>
    public const int MaxWaiting = 64;

    private readonly Dictionary<string, Gate> gates = new(StringComparer.Ordinal);

    /// <summary>Waits for the key's lock; disposing the result releases it.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Busy"/>: <see cref="MaxWaiting"/> callers are waiting.
    /// </exception>
    public async Task<IDisposable> EnterAsync(string key, CancellationToken cancellation)
    {
        var gate = Join(key);
        try
        {
            await gate.Slot.WaitAsync(cancellation);
        }
        catch
        {
            Leave(gate);
            throw;
        }

        return new Slot(this, gate);
    }

    private Gate Join(string key)
    {
        lock (gates)
        {
            if (!gates.TryGetValue(key, out var gate))
            {
                gates.Add(key, gate = new Gate(key));
            }
            else if (gate.Present > MaxWaiting)
            {
                throw ParleyException.Busy();
            }

            gate.Present++;
            return gate;
        }
    }

    private void Leave(Gate gate)
    {
        lock (gates)
        {
            if (--gate.Present == 0)
            {
                gates.Remove(gate.Key);
                gate.Slot.Dispose();
            }
        }
    }

    private sealed class Gate(string key)
    {
        public string Key => key;

        public SemaphoreSlim Slot { get; } = new(1, 1);

        public int Present { get; set; }
    }

    private sealed class Slot(KeyedLock owner, Gate gate) : IDisposable
    {
        private bool ended;

        public void Dispose()
        {
            if (!ended)
            {
                ended = true;
                gate.Slot.Release();
                owner.Leave(gate);
            }
        }
    }
}
