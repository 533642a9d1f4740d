using System.Text;

namespace Parley.Assistants.Completions;

/// <summary>
/// Buffers the text that a provider streams while storage is being written: the parts added meanwhile are taken
/// together as the next event. Thread-safe for one writer and one reader.
/// </summary>
internal sealed class ReplyText
{
    /// <summary>
    /// Maximum length of a reply in UTF-16 units, the same as a message's. The producer stops reading at the limit.
    /// </summary>
    public const int MaxLength = 100_000;

    private readonly Lock gate = new();
    private readonly StringBuilder waiting = new();
    private TaskCompletionSource changed = NewSignal();
    private int length;
    private bool isComplete;

    /// <summary>True when the reply has its maximum length.</summary>
    public bool IsFull => length >= MaxLength;

    /// <summary>Completes when there is text to take, when the reply is complete, or on <see cref="Wake"/>.</summary>
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

    /// <summary>True when no more text will be added.</summary>
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

    /// <summary>
    /// Adds a part of the provider's text, up to <see cref="MaxLength"/>. NUL characters are removed, because tables
    /// and spreadsheets do not keep them.
    /// </summary>
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

    /// <summary>Completes <see cref="Changed"/> without new text.</summary>
    public void Wake()
    {
        lock (gate)
        {
            changed.TrySetResult();
        }
    }

    /// <summary>Marks the reply as complete.</summary>
    public void Complete()
    {
        lock (gate)
        {
            isComplete = true;
            changed.TrySetResult();
        }
    }

    /// <summary>
    /// Removes and returns all text added since the last call; empty when there is none. The first half of a surrogate
    /// pair at the end is kept until the other half arrives. Unpaired halves become U+FFFD, because UTF-8 cannot encode
    /// them.
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

    // The waiting reader must not continue inside Add, in the middle of reading the provider's stream.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
