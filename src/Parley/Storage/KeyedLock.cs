using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// Writers of one key take turns within this process, so that they do not lose races against each other. Correctness never
/// rests on it (ETags decide); it saves storage calls and keeps waiting fair.
/// </summary>
public sealed class KeyedLock
{
    /// <summary>More waiters than this are sent away: at some 5 ms a write the last one would wait a third of a second and more.</summary>
    public const int MaxWaiting = 64;

    private readonly Dictionary<string, Gate> gates = new(StringComparer.Ordinal);

    /// <summary>Waits for this key's turn; disposing ends it.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Busy"/> when <see cref="MaxWaiting"/> wait already.</exception>
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
