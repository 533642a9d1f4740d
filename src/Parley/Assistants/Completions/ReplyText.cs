using System.Text;

namespace Parley.Assistants.Completions;

/// <summary>
/// What a provider says while storage is written: parts come in one by one, and go out together as the next event. One writes, one reads.
/// </summary>
internal sealed class ReplyText
{
    /// <summary>The most that a reply takes, in UTF-16 units: as a message. What is more is not asked for.</summary>
    public const int MaxLength = 100_000;

    private readonly Lock gate = new();
    private readonly StringBuilder waiting = new();
    private TaskCompletionSource changed = NewSignal();
    private int length;
    private bool isComplete;

    /// <summary>Whether it has all that it takes.</summary>
    public bool IsFull => length >= MaxLength;

    /// <summary>Completes when there is something to take, or nothing more will come, or somebody was to be woken.</summary>
    public Task Changed
    {
        get
        {
            lock (gate)
            {
                return changed.Task;
            }
        }
    }

    /// <summary>Whether nothing more will come.</summary>
    public bool IsComplete
    {
        get
        {
            lock (gate)
            {
                return isComplete;
            }
        }
    }

    /// <summary>Adds what the provider said, without NUL, which tables and spreadsheets do not keep.</summary>
    public void Add(string part)
    {
        lock (gate)
        {
            part = part.Replace("\0", "", StringComparison.Ordinal);
            part = part[..Math.Min(part.Length, MaxLength - length)];
            length += part.Length;
            waiting.Append(part);
            if (waiting.Length > 0)
            {
                changed.TrySetResult();
            }
        }
    }

    /// <summary>Has whoever waits go on, though nothing has come.</summary>
    public void Wake()
    {
        lock (gate)
        {
            changed.TrySetResult();
        }
    }

    /// <summary>Nothing more will come.</summary>
    public void Complete()
    {
        lock (gate)
        {
            isComplete = true;
            changed.TrySetResult();
        }
    }

    /// <summary>
    /// All that has come since the last time; empty when there is nothing. Half of a surrogate pair at its end waits for the other half; halves that
    /// belong to none become U+FFFD, for UTF-8 has no form for them.
    /// </summary>
    public string Take()
    {
        lock (gate)
        {
            var kept = !isComplete && waiting.Length > 0 && char.IsHighSurrogate(waiting[^1]) ? 1 : 0;
            var text = waiting.ToString(0, waiting.Length - kept);
            waiting.Remove(0, text.Length);
            if (!isComplete)
            {
                changed = NewSignal();
            }

            return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        }
    }

    /// <summary>Whoever waits is not to go on within <see cref="Add"/>, in the midst of what the provider says.</summary>
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
