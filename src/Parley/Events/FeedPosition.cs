using Parley.Storage.ChangeLog;

namespace Parley.Events;

/// <summary>
/// A place in a tenant's feed of changes. The feed is in the order of these numbers: by minute; within a minute first
/// the changes of objects outside conversations, then those of conversations, each conversation's in its own order.
/// </summary>
/// <param name="Minute">Minutes since 1970 (UTC).</param>
/// <param name="Kind">The kind of object as in the keys of the log, or <see cref="Conversations"/>.</param>
/// <param name="Number">The number of the object or of the conversation.</param>
/// <param name="Sequence">The object's revision; the conversation's after the transaction.</param>
/// <param name="Index">The place of the change within its transaction.</param>
public readonly record struct FeedPosition(long Minute, int Kind, int Number, int Sequence, int Index)
    : IComparable<FeedPosition>
{
    /// <summary>The kind of all changes of conversations: behind every other kind.</summary>
    public const int Conversations = 999;

    /// <summary>Before every change.</summary>
    public static FeedPosition Beginning => default;

    /// <summary>Behind every change of the minute.</summary>
    public static FeedPosition EndOf(long minute) => new(minute, int.MaxValue, 0, 0, 0);

    public bool IsInConversation => Kind == Conversations;

    public int CompareTo(FeedPosition other) => (Minute, Kind, Number, Sequence, Index)
        .CompareTo((other.Minute, other.Kind, other.Number, other.Sequence, other.Index));

    public static bool operator <(FeedPosition left, FeedPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(FeedPosition left, FeedPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(FeedPosition left, FeedPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(FeedPosition left, FeedPosition right) => left.CompareTo(right) >= 0;

    /// <summary>The first key of the tenant's own partition that may be behind this position.</summary>
    internal string ObjectKey => IsInConversation || Kind == int.MaxValue
        ? ChangeRowKeys.ChangesOfMinute(Minute) + "~"
        : ChangeRowKeys.ObjectChange(Minute, Kind, Number, Sequence);

    /// <summary>The first key of an index row whose conversation may have a change behind this position.</summary>
    internal string IndexKey => Kind == int.MaxValue
        ? ChangeRowKeys.ChangesOfMinute(Minute) + "~"
        : ChangeRowKeys.ChangedConversation(Minute, IsInConversation ? Number : 0);
}
