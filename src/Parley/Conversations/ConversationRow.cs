using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>The row <c>head</c> of a conversation's partition.</summary>
internal static class ConversationRow
{
    /// <summary>The number of characters of the last message that the head repeats.</summary>
    public const int PreviewLength = 500;

    public static TableEntity Create(Conversation conversation)
    {
        var row = Marked(conversation);
        row["WriteId"] = conversation.WriteId;
        row["Check"] = conversation.Check;
        row["CreatedAt"] = conversation.CreatedAt;
        row["AutoReply"] = conversation.AutoReplyEnabled;
        row["First"] = conversation.First;
        row["Last"] = conversation.Last;
        row["Unread"] = conversation.Unread;
        row["ActivityMinute"] = conversation.ActivityMinute;
        row["ListMinute"] = conversation.ListMinute;
        row["ListedUntil"] = conversation.ListedUntil;
        row["ListETag"] = conversation.ListETag.ToString();
        row["KeyHour"] = conversation.KeyHour;
        row["ReadUpTo"] = conversation.ReadUpTo;
        row["UnreadRev"] = conversation.UnreadRevision;
        row["Tickets"] = conversation.Tickets;
        row["EditRev"] = conversation.EditRevision;
        row["FollowUps"] = conversation.FollowUps;
        row["Pending"] = PendingFollowUp.Write(conversation.Pending);
        row.SetIfAny("Title", conversation.Title);
        row.SetIfAny("Metadata", conversation.Metadata);
        row.SetIfAny("LastMessage", conversation.LastMessage);
        row.SetIfAny("LastMessageAt", conversation.LastMessageAt);
        row.SetIfAny("LastReadAt", conversation.LastReadAt);
        row.SetIfAny("HandedOffUntil", conversation.HandedOffUntil);
        row.SetIfAny("Chatbot", conversation.Chatbot);
        row.SetIfAny("LastChatbot", conversation.LastChatbot);
        row.SetIfAny("OpenTicket", conversation.OpenTicket);
        row.SetIfAny("EditId", conversation.EditId);
        row.SetIfAny("LastRole", (int?)conversation.LastRole);
        row.SetIfAny("LastId", conversation.LastId);
        row.SetIfAny("LastFollowUpAt", conversation.LastFollowUpAt);
        if (conversation.Contact is { } contact)
        {
            row["ContactId"] = contact.Id;
            row["ContactNumber"] = contact.Number;
            row["ContactAt"] = contact.CreatedAt;
            row.SetIfAny("ContactName", contact.Name);
            row.SetIfAny("ContactAvatar", contact.Avatar);
        }

        if (conversation.Inbox is { } inbox)
        {
            row["InboxId"] = inbox.Id;
            row["InboxName"] = inbox.Name;
            row["InboxType"] = inbox.ChannelType;
        }

        return row;
    }

    /// <summary>The properties that an append changes, to be merged into the row.</summary>
    public static TableEntity Appended(Conversation conversation)
    {
        var row = Marked(conversation);
        row["Last"] = conversation.Last;
        row["LastMessage"] = conversation.LastMessage;
        row["LastMessageAt"] = conversation.LastMessageAt;
        row["LastRole"] = (int?)conversation.LastRole;
        row["LastId"] = conversation.LastId;
        row["Unread"] = conversation.Unread;
        row["UnreadRev"] = conversation.UnreadRevision;
        row["ActivityMinute"] = conversation.ActivityMinute;
        row["ListMinute"] = conversation.ListMinute;
        row["ListedUntil"] = conversation.ListedUntil;
        row["ListETag"] = conversation.ListETag.ToString();
        row["KeyHour"] = conversation.KeyHour;
        row["Pending"] = PendingFollowUp.Write(conversation.Pending);
        row.SetIfAny("LastChatbot", conversation.LastChatbot);
        return row;
    }

    /// <summary>The properties that a change of a message changes, to be merged into the row.</summary>
    public static TableEntity MessageChanged(Conversation conversation)
    {
        var row = Marked(conversation);
        row["LastMessage"] = conversation.LastMessage;
        row["Unread"] = conversation.Unread;
        return row;
    }

    /// <summary>
    /// The properties that a change of another row of the conversation changes, to be merged into the row.
    /// </summary>
    public static TableEntity Logged(Conversation conversation) => Marked(conversation);

    public static Conversation Read(TableEntity row, ConversationKey key) => new()
    {
        Key = key,
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        Title = row.GetString("Title"),
        Metadata = row.GetString("Metadata"),
        AutoReplyEnabled = row.GetBoolean("AutoReply")!.Value,
        First = row.GetInt32("First")!.Value,
        Last = row.GetInt32("Last")!.Value,
        LastMessage = row.GetString("LastMessage"),
        LastMessageAt = row.GetDateTimeOffset("LastMessageAt"),
        Unread = row.GetInt32("Unread")!.Value,
        ActivityMinute = row.GetInt64("ActivityMinute")!.Value,
        ListMinute = row.GetInt64("ListMinute") ?? 0,
        ListedUntil = Math.Max(row.GetInt64("ListedUntil") ?? 0, row.GetInt64("ActivityMinute")!.Value),
        ListETag = new ETag(row.GetString("ListETag")),
        KeyHour = row.GetInt64("KeyHour")!.Value,
        LogMinute = row.GetInt64("LogMinute") ?? 0,
        ReadUpTo = row.GetInt32("ReadUpTo")!.Value,
        LastReadAt = row.GetDateTimeOffset("LastReadAt"),
        HandedOffUntil = row.GetDateTimeOffset("HandedOffUntil"),
        Chatbot = row.GetGuid("Chatbot"),
        LastChatbot = row.GetGuid("LastChatbot"),
        Tickets = row.GetInt32("Tickets")!.Value,
        OpenTicket = row.GetInt32("OpenTicket"),
        UnreadRevision = row.GetInt32("UnreadRev")!.Value,
        FollowUps = row.GetInt32("FollowUps")!.Value,
        Pending = PendingFollowUp.Read(row.GetString("Pending")),
        LastRole = (MessageRole?)row.GetInt32("LastRole"),
        LastId = row.GetGuid("LastId"),
        LastFollowUpAt = row.GetDateTimeOffset("LastFollowUpAt"),
        WriteId = row.GetString("WriteId"),
        EditId = row.GetString("EditId"),
        EditRevision = row.GetInt32("EditRev")!.Value,
        EarlierVersionsUpTo = ReadEarlierVersionsUpTo(row),
        ETag = row.ETag,
        Contact = row.GetGuid("ContactId") is { } contact
            ? new Contact(
                row.GetInt32("ContactNumber")!.Value,
                contact,
                row.GetString("ContactName"),
                row.GetString("ContactAvatar"),
                row.GetDateTimeOffset("ContactAt")!.Value)
            : null,
        Inbox = row.GetGuid("InboxId") is { } inbox
            ? new Inbox(inbox, row.GetString("InboxName"), row.GetString("InboxType"))
            : null,
    };

    /// <summary>
    /// Every write of the head begins with this. A version before 0.3.0 raises <c>Rev</c> too, but merges the row
    /// without <c>Writer</c> or replaces it: then they differ, or <c>Writer</c> is missing.
    /// </summary>
    private static TableEntity Marked(Conversation conversation) =>
        new(conversation.Key.PartitionKey, ConversationRowKeys.Head)
        {
            ["Rev"] = conversation.Revision,
            ["Writer"] = conversation.Revision,
            ["OldRev"] = conversation.EarlierVersionsUpTo,
            ["LogMinute"] = conversation.LogMinute,
        };

    private static int ReadEarlierVersionsUpTo(TableEntity row)
    {
        var revision = row.GetInt32("Rev")!.Value;
        return row.GetInt32("Writer") == revision ? row.GetInt32("OldRev") ?? 0 : revision;
    }

    /// <summary>Returns the start of a message's text. It never ends with half of a surrogate pair.</summary>
    public static string Preview(string text) =>
        Texts.Truncate(text, PreviewLength);
}
