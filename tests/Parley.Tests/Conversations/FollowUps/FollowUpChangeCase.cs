using Parley.Conversations.FollowUps;
using Parley.Core;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>The message that a stored follow-up was sent as.</summary>
internal enum StoredMessage
{
    None,
    OfClient,
    OfParley,
}

/// <summary>The value of a message id in a body.</summary>
internal enum SentMessage
{
    Absent,
    Null,
    OfChat,
    OfOtherChat,
}

/// <summary>The value of the time of the end in a body.</summary>
internal enum SentTime
{
    Absent,
    Null,
    Present,
    AtCreation,
    BeforeCreation,
    FiveMinutesAhead,
    Later,
}

/// <summary>One stored follow-up and one body of a PATCH.</summary>
/// <param name="Due">The due date in the body, from now; null for none.</param>
/// <param name="Reason">"" for null.</param>
internal sealed record FollowUpChangeCase(
    FollowUpStatus Stored,
    StoredMessage Message,
    bool IsDuePast,
    FollowUpStatus? To,
    SentTime Finished,
    SentMessage SentAs,
    SentMessage Trigger,
    TimeSpan? Due,
    string? Text,
    string? Reason,
    bool NamesOtherChat)
{
    private static readonly TimeSpan?[] Dues =
        [null, null, null, TimeSpan.FromHours(3), TimeSpan.FromHours(-1), TimeSpan.FromHours(-25), TimeSpan.FromDays(800)];

    public static FollowUpChangeCase Any(Random random)
    {
        var stored = Of(Enum.GetValues<FollowUpStatus>());
        var message = Of(Enum.GetValues<StoredMessage>());
        return new FollowUpChangeCase(
            message == StoredMessage.OfParley ? FollowUpStatus.Sent : stored,
            message,
            random.Next(2) == 0,
            Of<FollowUpStatus?>([null, null, .. Enum.GetValues<FollowUpStatus>()]),
            random.Next(2) == 0 ? SentTime.Absent : Of(Enum.GetValues<SentTime>()),
            random.Next(2) == 0 ? SentMessage.Absent : Of(Enum.GetValues<SentMessage>()),
            random.Next(2) == 0 ? SentMessage.Absent : Of(Enum.GetValues<SentMessage>()),
            Of(Dues),
            Of(null, null, "text", "another text"),
            Of(null, null, "", "a reason"),
            random.Next(10) == 0);

        T Of<T>(params T[] values) => values[random.Next(values.Length)];
    }

    /// <summary>
    /// The rule of docs/api.md, written a second time: the errors of which the API reports one, and without any the
    /// follow-up that the change leads to.
    /// </summary>
    public (HashSet<ErrorCode> Errors, FollowUpValues After) Expect(FollowUp before, Guid otherMessage, DateTimeOffset now)
    {
        var errors = new HashSet<ErrorCode>();
        var status = To ?? Stored;
        var (endsNow, beginsAgain) = (Stored == FollowUpStatus.Pending && status != Stored, Stored != FollowUpStatus.Pending && status == FollowUpStatus.Pending);
        if (status != Stored && !endsNow && !(beginsAgain && Stored != FollowUpStatus.Sent))
        {
            errors.Add(ErrorCode.FollowUpStatus);
        }

        if (NamesOtherChat)
        {
            errors.Add(ErrorCode.Immutable);
        }

        if (SentAs == SentMessage.OfOtherChat || Trigger == SentMessage.OfOtherChat)
        {
            errors.Add(ErrorCode.InvalidFields);
        }

        if (SentAs == SentMessage.Null && Message == StoredMessage.OfParley)
        {
            errors.Add(ErrorCode.Immutable);
        }

        var dueAt = now + Due ?? before.DueAt;
        if ((beginsAgain && dueAt <= now) || (Due is not null && (dueAt < now.AddHours(-24) || dueAt > now.AddYears(2))))
        {
            errors.Add(ErrorCode.InvalidFields);
        }

        var hasTime = TimeIn(before, now) is not null;
        var isNull = Finished == SentTime.Null || (Finished == SentTime.Present && !hasTime);
        if (status == FollowUpStatus.Pending ? hasTime : isNull)
        {
            errors.Add(ErrorCode.FollowUpStatus);
        }
        else if (Finished is SentTime.BeforeCreation or SentTime.Later)
        {
            errors.Add(ErrorCode.InvalidFields);
        }

        var kept = endsNow && status == FollowUpStatus.Cancelled ? FollowUpReasons.CancelledByClient : beginsAgain ? null : before.Reason;
        return (errors, new FollowUpValues(
            dueAt,
            Text ?? before.Text,
            Reason is null ? kept : Reason.Length == 0 ? null : Reason,
            status == FollowUpStatus.Pending ? null : TimeIn(before, now) ?? before.FinishedAt ?? now,
            SentAs switch { SentMessage.Null => null, SentMessage.OfChat => otherMessage, _ => before.MessageId },
            Trigger == SentMessage.OfChat ? otherMessage : before.TriggerId));
    }

    public FollowUpChange Body(FollowUp before, Guid otherMessage, Guid foreignMessage, DateTimeOffset now) => new()
    {
        Status = To,
        DueAt = now + Due,
        Text = Text,
        Reason = string.IsNullOrEmpty(Reason) ? null : Reason,
        ClearsReason = Reason is "",
        MessageId = IdOf(SentAs, otherMessage, foreignMessage),
        ClearsMessageId = SentAs == SentMessage.Null,
        FinishedAt = TimeIn(before, now),
        ClearsFinishedAt = Finished == SentTime.Null || (Finished == SentTime.Present && before.FinishedAt is null),
        Chat = NamesOtherChat ? $"{before.Conversation.Number + 1}" : $"{before.ConversationId}",
        TriggerId = IdOf(Trigger, otherMessage, foreignMessage),
    };

    private static string? IdOf(SentMessage sent, Guid otherMessage, Guid foreignMessage) => sent switch
    {
        SentMessage.OfChat => $"{otherMessage}",
        SentMessage.OfOtherChat => $"{foreignMessage}",
        _ => null,
    };

    private DateTimeOffset? TimeIn(FollowUp before, DateTimeOffset now) => Finished switch
    {
        SentTime.Present => before.FinishedAt,
        SentTime.AtCreation => before.CreatedAt,
        SentTime.BeforeCreation => before.CreatedAt.AddMilliseconds(-1),
        SentTime.FiveMinutesAhead => now.AddMinutes(5),
        SentTime.Later => now.AddMinutes(5).AddMilliseconds(1),
        _ => null,
    };
}
