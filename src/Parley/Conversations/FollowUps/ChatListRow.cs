using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>An entry of a conversation's list by status, which may be outdated.</summary>
/// <param name="Row">The row of an ended follow-up; null for a pending one, which the head lists.</param>
internal sealed record ChatListRow(
    ConversationKey Conversation, int Number, FollowUpStatus Status, DateTimeOffset CreatedAt, TableEntity? Row)
{
    public ChatListRow(ConversationKey conversation, TableEntity row)
        : this(
            conversation,
            FollowUpRowKeys.ReadFollowUpInChat(row.RowKey).Number,
            (FollowUpStatus)FollowUpRowKeys.ReadFollowUpInChat(row.RowKey).Status,
            row.GetDateTimeOffset("CreatedAt")!.Value,
            row)
    {
    }

    public ChatListRow(ConversationKey conversation, PendingFollowUp pending)
        : this(
            conversation,
            pending.Number,
            FollowUpStatus.Pending,
            DateTimeOffset.FromUnixTimeMilliseconds(pending.CreatedAt),
            Row: null)
    {
    }

    /// <summary>The order of <see cref="FollowUpList"/>: newest first.</summary>
    public static IComparer<ChatListRow> Order { get; } = Comparer<ChatListRow>.Create((left, right) =>
        (right.CreatedAt, right.Conversation.Number, right.Number).CompareTo(
            (left.CreatedAt, left.Conversation.Number, left.Number)));

    public bool IsSameAs(ChatListRow other) => (Conversation, Number) == (other.Conversation, other.Number);
}
