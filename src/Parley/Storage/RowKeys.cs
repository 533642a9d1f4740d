using System.Globalization;

namespace Parley.Storage;

/// <summary>
/// Every RowKey and shared PartitionKey, as pure functions. Numbers are zero-padded so that keys sort as their numbers do;
/// "newest first" lists use the inverse of a number. '|' separates parts: it is allowed in keys, unlike / \ # and ?.
/// </summary>
public static class RowKeys
{
    private const string MinuteFormat = "yyyyMMddHHmm";
    private const long MaxMinute = 9_999_999_999;

    /// <summary>The last millisecond since 1970 that fourteen digits can tell.</summary>
    public const long MaxMillisecond = 99_999_999_999_999;

    /// <summary>Six digits of a follow-up's key: the most that a conversation ever has.</summary>
    public const int MaxFollowUp = 999_999;

    /// <summary>Four digits of the keys of a follow-up's events and index rows: how often one can be changed.</summary>
    public const int MaxFollowUpRevision = 9_999;

    /// <summary>A conversation's head.</summary>
    public const string Head = "head";

    /// <summary>A tenant's settings.</summary>
    public const string Profile = "profile";

    /// <summary>A tenant's counters; in the partition of administration, the counter of tenants.</summary>
    public const string Counter = "counter";

    /// <summary>The partition of Tenants that belongs to no tenant: the counter of tenants and their list. No tenant has the number 0.</summary>
    public const string AdministrationPartition = "00000000";

    /// <summary>A message of a conversation.</summary>
    public static string Message(int sequence) => string.Create(CultureInfo.InvariantCulture, $"m|{sequence:D10}");

    /// <summary>A client's idempotency key, in the partition that its effect is in.</summary>
    /// <param name="hash">Of the key as sent: clients may send characters that keys must not have.</param>
    public static string IdempotencyKey(string hash) => "k|" + hash;

    /// <summary>A conversation, in its tenant's list.</summary>
    public static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"c|{number:D10}");

    /// <summary>How the keys of the tenant's list by activity begin.</summary>
    public const string ActivityList = "a|";

    /// <summary>How the keys of an inbox's list by activity begin.</summary>
    public static string InboxActivityList(Guid inbox) => $"ai|{inbox:N}|";

    /// <summary>How the keys of a contact's list by activity begin.</summary>
    public static string ContactActivityList(int contact) => string.Create(CultureInfo.InvariantCulture, $"ac|{contact:D10}|");

    /// <summary>A conversation in a list by activity: newest minute first, then highest number first.</summary>
    /// <param name="list">How the list's keys begin.</param>
    /// <param name="minute">Minutes since 1970 (UTC).</param>
    /// <param name="number">The conversation's number.</param>
    public static string Activity(string list, long minute, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{list}{MaxMinute - minute:D10}|{int.MaxValue - number:D10}");

    /// <summary>The minute and the conversation in a key of <see cref="Activity"/>.</summary>
    public static (long Minute, int Number) ReadActivity(string rowKey)
    {
        var numbers = rowKey.AsSpan(rowKey.Length - 21);
        return (
            MaxMinute - long.Parse(numbers[..10], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - Number(numbers[11..]));
    }

    /// <summary>Sorts after every key that begins with <paramref name="start"/>; what follows is digits.</summary>
    public static string EndOf(string start) => start + "~";

    /// <summary>How the keys of an inbox's unread conversations begin.</summary>
    public static string UnreadList(Guid inbox) => $"u|{inbox:N}|";

    /// <summary>How the keys of one unread conversation begin: there may be left-overs of earlier times beside the valid one.</summary>
    public static string Unread(Guid inbox, int number) => string.Create(CultureInfo.InvariantCulture, $"{UnreadList(inbox)}{number:D10}|");

    /// <summary>A conversation that has become unread.</summary>
    /// <param name="inbox">Its inbox.</param>
    /// <param name="number">Its number.</param>
    /// <param name="revision">How often it has become unread: so the row of one time can never be taken for that of another.</param>
    public static string Unread(Guid inbox, int number, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{Unread(inbox, number)}{revision:D10}");

    /// <summary>The conversation's number in a key of <see cref="Unread(Guid, int, int)"/>.</summary>
    public static int ReadUnread(string rowKey) => Number(rowKey.Split('|')[2]);

    /// <summary>A sender, in its tenant's partition.</summary>
    public static string Sender(int number) => string.Create(CultureInfo.InvariantCulture, $"s|{number:D10}");

    /// <summary>The sender that has an identifier.</summary>
    /// <param name="hash">Of the identifier: clients may send characters that keys must not have.</param>
    public static string SenderIdentifier(string hash) => "si|" + hash;

    /// <summary>The sender that has an external id.</summary>
    /// <param name="hash">Of the external id.</param>
    public static string SenderExternalId(string hash) => "sx|" + hash;

    /// <summary>A thread, by the message that it starts from.</summary>
    public static string Thread(int sequence) => string.Create(CultureInfo.InvariantCulture, $"th|{sequence:D10}");

    /// <summary>How the keys of a thread's messages begin.</summary>
    public static string ThreadMessages(int thread) => string.Create(CultureInfo.InvariantCulture, $"tm|{thread:D10}|");

    /// <summary>A message of a thread.</summary>
    public static string ThreadMessage(int thread, int sequence) => string.Create(CultureInfo.InvariantCulture, $"{ThreadMessages(thread)}{sequence:D10}");

    /// <summary>A ticket of a conversation.</summary>
    public static string Ticket(int number) => string.Create(CultureInfo.InvariantCulture, $"tk|{number:D6}");

    /// <summary>A follow-up of a conversation.</summary>
    public static string FollowUp(int number) => string.Create(CultureInfo.InvariantCulture, $"f|{number:D6}");

    /// <summary>How the keys of a follow-up's transitions begin.</summary>
    public static string FollowUpEvents(int number) => string.Create(CultureInfo.InvariantCulture, $"fe|{number:D6}|");

    /// <summary>The transition that made a revision of a follow-up.</summary>
    public static string FollowUpEvent(int number, int revision) => string.Create(CultureInfo.InvariantCulture, $"{FollowUpEvents(number)}{revision:D4}");

    /// <summary>How the keys of the follow-ups begin that a message triggered or that became it.</summary>
    public static string MessageFollowUps(int sequence) => string.Create(CultureInfo.InvariantCulture, $"fm|{sequence:D10}|");

    /// <summary>A follow-up that a message triggered or that became it.</summary>
    public static string MessageFollowUp(int sequence, int number) => string.Create(CultureInfo.InvariantCulture, $"{MessageFollowUps(sequence)}{number:D6}");

    /// <summary>What a key of <see cref="MessageFollowUp"/> tells.</summary>
    public static (int Sequence, int Number) ReadMessageFollowUp(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (Number(parts[1]), Number(parts[2]));
    }

    /// <summary>How the keys of a tenant's follow-ups of one status begin.</summary>
    public static string FollowUpList(int status) => string.Create(CultureInfo.InvariantCulture, $"fs|{status}|");

    /// <summary>A follow-up in its tenant's list of one status: newest first, then highest conversation, then highest number.</summary>
    /// <param name="status">The status' number.</param>
    /// <param name="createdAt">Milliseconds since 1970 (UTC).</param>
    /// <param name="conversation">The conversation's number.</param>
    /// <param name="number">The follow-up's number.</param>
    /// <param name="revision">The follow-up's revision.</param>
    public static string FollowUpInList(int status, long createdAt, int conversation, int number, int revision) => string.Create(
        CultureInfo.InvariantCulture,
        $"{FollowUpList(status)}{MaxMillisecond - createdAt:D14}|{int.MaxValue - conversation:D10}|{MaxFollowUp - number:D6}|{revision:D4}");

    /// <summary>What a key of <see cref="FollowUpInList"/> tells.</summary>
    public static (long CreatedAt, int Conversation, int Number, int Revision) ReadFollowUpInList(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            MaxMillisecond - long.Parse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - Number(parts[3]),
            MaxFollowUp - Number(parts[4]),
            Number(parts[5]));
    }

    /// <summary>How the keys of follow-ups in Due begin.</summary>
    public const string ScheduledFollowUps = "f|";

    /// <summary>How the keys of idempotency keys in Due begin.</summary>
    public const string ScheduledKeys = "k|";

    /// <summary>How the keys of blobs in Due begin.</summary>
    public const string ScheduledFiles = "b|";

    /// <summary>In Due: a follow-up to be sent.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="second">Of the minute that the partition is for.</param>
    /// <param name="number">The follow-up's number.</param>
    /// <param name="revision">The revision that the row is for.</param>
    public static string ScheduledFollowUp(ConversationKey conversation, int second, int number, int revision) => string.Create(
        CultureInfo.InvariantCulture,
        $"f|{conversation.Tenant.Number:D8}|{second:D2}|{conversation.Number:D10}|{number:D6}|{revision:D4}");

    /// <summary>What a key of <see cref="ScheduledFollowUp"/> tells.</summary>
    public static (ConversationKey Conversation, int Second, int Number, int Revision) ReadScheduledFollowUp(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new ConversationKey(new TenantId(Number(parts[1])), Number(parts[3])), Number(parts[2]), Number(parts[4]), Number(parts[5]));
    }

    /// <summary>An export, in its tenant's partition.</summary>
    public static string Export(int number) => string.Create(CultureInfo.InvariantCulture, $"e|{number:D10}");

    /// <summary>How the keys of exports in Due begin.</summary>
    public const string ScheduledExports = "e|";

    /// <summary>In Due: an export that has a step to be done.</summary>
    /// <param name="export">The export.</param>
    /// <param name="step">0 for the file, n for the n-th attempt at the callback.</param>
    public static string ScheduledExport(ExportKey export, int step) => string.Create(
        CultureInfo.InvariantCulture, $"e|{export.Tenant.Number:D8}|{export.Number:D10}|{step:D10}");

    /// <summary>In Due: an export whose file is to be removed.</summary>
    public static string ScheduledExpiry(ExportKey export) => string.Create(
        CultureInfo.InvariantCulture, $"e|{export.Tenant.Number:D8}|{export.Number:D10}|x");

    /// <summary>What a key of <see cref="ScheduledExport"/> or <see cref="ScheduledExpiry"/> tells; no step for the latter.</summary>
    public static (ExportKey Export, int? Step) ReadScheduledExport(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new ExportKey(new TenantId(Number(parts[1])), Number(parts[2])), parts[3] == "x" ? null : Number(parts[3]));
    }

    /// <summary>A chatbot, in its tenant's partition.</summary>
    public static string Chatbot(int number) => string.Create(CultureInfo.InvariantCulture, $"b|{number:D10}");

    /// <summary>The partition of Tenants with the records of a chatbot: <c>T|b{n}</c>.</summary>
    public static string ChatbotPartition(ChatbotKey chatbot) =>
        string.Create(CultureInfo.InvariantCulture, $"{chatbot.Tenant.PartitionKey}|b{chatbot.Number:D10}");

    /// <summary>The chatbot's number in a key of <see cref="ChatbotPartition"/>.</summary>
    public static int ReadChatbotPartition(string partitionKey) => Number(partitionKey.AsSpan(partitionKey.IndexOf('|') + 2));

    /// <summary>How the keys of a chatbot's records begin.</summary>
    public const string Records = "r|";

    /// <summary>A record in its chatbot's list: newest first, then highest conversation, then highest number.</summary>
    /// <param name="createdAt">Milliseconds since 1970 (UTC).</param>
    /// <param name="conversation">The conversation's number.</param>
    /// <param name="sequence">The number of the customer's message.</param>
    public static string Record(long createdAt, int conversation, int sequence) => string.Create(
        CultureInfo.InvariantCulture, $"{RecordsAt(createdAt)}{int.MaxValue - conversation:D10}|{MessageKey.MaxSequence - sequence:D10}");

    /// <summary>How the keys of the records of one millisecond begin; those of later ones are before.</summary>
    public static string RecordsAt(long createdAt) => string.Create(CultureInfo.InvariantCulture, $"{Records}{MaxMillisecond - createdAt:D14}|");

    /// <summary>What a key of <see cref="Record"/> tells.</summary>
    public static (long CreatedAt, int Conversation, int Sequence) ReadRecord(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            MaxMillisecond - long.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - Number(parts[2]),
            MessageKey.MaxSequence - Number(parts[3]));
    }

    /// <summary>An assistant's turn, by the customer's message.</summary>
    public static string Completion(int sequence) => string.Create(CultureInfo.InvariantCulture, $"t|{sequence:D10}");

    /// <summary>How the keys of turns in Due begin.</summary>
    public const string ScheduledCompletions = "t|";

    /// <summary>In Due: a turn that must have ended by then, or begun.</summary>
    /// <param name="completion">The customer's message.</param>
    /// <param name="attempt">How often it has been begun: so the row of one time can never be taken for that of another.</param>
    public static string ScheduledCompletion(MessageKey completion, int attempt) => string.Create(
        CultureInfo.InvariantCulture, $"t|{completion.Conversation.Tenant.Number:D8}|{completion.Conversation.Number:D10}|{completion.Sequence:D10}|{attempt:D6}");

    /// <summary>What a key of <see cref="ScheduledCompletion"/> tells.</summary>
    public static (MessageKey Completion, int Attempt) ReadScheduledCompletion(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new MessageKey(new ConversationKey(new TenantId(Number(parts[1])), Number(parts[2])), Number(parts[3])), Number(parts[4]));
    }

    /// <summary>The number at the end of a key.</summary>
    public static int LastNumber(string rowKey) => Number(rowKey.AsSpan(rowKey.LastIndexOf('|') + 1));

    /// <summary>What an external id and the body that came with it made.</summary>
    public static string ExternalId(string hash) => "x|" + hash;

    /// <summary>A file that a message of the conversation holds.</summary>
    public static string File(Guid file) => "b|" + file.ToString("N", CultureInfo.InvariantCulture);

    /// <summary>The key that cursors are signed with, in the partition of administration.</summary>
    public const string CursorSecret = "cursors";

    /// <summary>A tenant, in the list of administration.</summary>
    public static string Tenant(TenantId tenant) => "t|" + tenant.PartitionKey;

    /// <summary>A partition of the table Due: the minute at which the sweep should look.</summary>
    public static string SchedulePartition(DateTimeOffset minute) => minute.UtcDateTime.ToString(MinuteFormat, CultureInfo.InvariantCulture);

    /// <summary>The minute of a key of <see cref="SchedulePartition"/>.</summary>
    public static DateTimeOffset ReadSchedulePartition(string partitionKey) =>
        DateTimeOffset.ParseExact(partitionKey, MinuteFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>In Due: idempotency keys of one conversation (or, with 0, of the tenant itself) to drop.</summary>
    public static string ScheduledIdempotencyKeys(TenantId tenant, int conversation) =>
        string.Create(CultureInfo.InvariantCulture, $"k|{tenant.Number:D8}|{conversation:D10}");

    /// <summary>What a key of <see cref="ScheduledIdempotencyKeys"/> tells.</summary>
    public static (TenantId Tenant, int Conversation) ReadScheduledIdempotencyKeys(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new TenantId(Number(parts[1])), Number(parts[2]));
    }

    /// <summary>In Due: a blob to remove unless a message holds it.</summary>
    public static string ScheduledFile(ConversationKey conversation, Guid file) =>
        string.Create(CultureInfo.InvariantCulture, $"b|{conversation.Tenant.Number:D8}|{conversation.Number:D10}|{file:N}");

    /// <summary>What a key of <see cref="ScheduledFile"/> tells.</summary>
    public static (ConversationKey Conversation, Guid File) ReadScheduledFile(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new ConversationKey(new TenantId(Number(parts[1])), Number(parts[2])), Guid.ParseExact(parts[3], "N"));
    }

    /// <summary>In the table Keys: API keys are spread over 256 partitions by the first byte of their hash.</summary>
    public static string ApiKeyPartition(string hash) => hash[..2];

    private static int Number(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
