using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Records;

/// <summary>
/// Reads a chatbot's records, newest first. The index's keys alone tell which there are; what is shown is read from the conversations, and a key that finds
/// no turn of its own, left by a try that lost, is passed over and one day dropped.
/// </summary>
public sealed class RecordReader(ParleyTables tables, TimeProvider time)
{
    /// <summary>How far pages go, and how far is counted.</summary>
    public const int MaxReach = 10_000;

    /// <summary>Three rows each (<see cref="Listed.Rows"/>), and a filter names fourteen. The rows of one are never split: one call sees one state.</summary>
    private const int RecordsPerCall = Filters.MaxRowKeys / 3;

    /// <summary>One page: a scan of at most <see cref="MaxReach"/> + 1 keys, and a call for every four records of a conversation.</summary>
    /// <param name="chatbot">Whose.</param>
    /// <param name="range">Of which time.</param>
    /// <param name="page">From 1.</param>
    /// <param name="size">At most so many; <paramref name="page"/> times this is at most <see cref="MaxReach"/>.</param>
    /// <param name="cancellation">Ends the reads.</param>
    public async Task<RecordPage> ListAsync(Chatbot chatbot, RecordRange range, int page, int size, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)page * size, MaxReach);
        var keys = await KeysAsync(chatbot, range, cancellation).Take(MaxReach + 1).ToListAsync(cancellation);

        // Those that will turn out to find nothing are counted too: to look at each would cost a read for each.
        var shown = keys.Skip((page - 1) * size).Take(size);
        return new RecordPage([.. await FindAsync(chatbot, shown, cancellation)], Math.Min(keys.Count, MaxReach), keys.Count > MaxReach);
    }

    /// <summary>All, as they are read: a few at a time, whatever their number.</summary>
    /// <param name="chatbot">Whose.</param>
    /// <param name="range">Of which time.</param>
    /// <param name="cancellation">Ends the reads.</param>
    public async IAsyncEnumerable<Record> ReadAllAsync(Chatbot chatbot, RecordRange range, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var keys in KeysAsync(chatbot, range, cancellation).Chunk(TableReads.Width).WithCancellation(cancellation))
        {
            foreach (var record in await FindAsync(chatbot, keys, cancellation))
            {
                yield return record;
            }
        }
    }

    /// <summary>The record of a turn that has been read: one call.</summary>
    public async Task<Record> ReadAsync(Completion completion, CancellationToken cancellation)
    {
        int[] numbers = completion.Reply is { } reply ? [completion.Key.Sequence, reply] : [completion.Key.Sequence];
        var messages = (await MessageRow.FindAllAsync(tables, completion.Key.Conversation, numbers, cancellation)).ToDictionary(message => message.Key);
        return RecordOf(completion, messages);
    }

    private IAsyncEnumerable<string> KeysAsync(Chatbot chatbot, RecordRange range, CancellationToken cancellation)
    {
        // Messages' times have whole milliseconds: with both ends moved up to one, the range has the same ones. Later ones have lower keys.
        var after = range.To is { } to ? KeyParts.EndOf(RecordRowKeys.RecordsAt(Millisecond(to))) : RecordRowKeys.Records;
        var end = KeyParts.EndOf(range.From is { } from ? RecordRowKeys.RecordsAt(Millisecond(from)) : RecordRowKeys.Records);
        return tables.Tenants.QueryAsync<TableEntity>(
            Filters.Between(ChatbotRowKeys.ChatbotPartition(chatbot.Key), after, end), select: ["RowKey"], cancellationToken: cancellation).Select(row => row.RowKey);
    }

    /// <summary>No record is older than 1970, and none younger than what keys can hold.</summary>
    private static long Millisecond(DateTimeOffset at) => Math.Clamp(at.UpToMillisecond().ToUnixTimeMilliseconds(), 0, KeyParts.MaxMillisecond);

    private async Task<IEnumerable<Record>> FindAsync(Chatbot chatbot, IEnumerable<string> keys, CancellationToken cancellation)
    {
        var listed = keys.Select(key => new Listed(key, chatbot.Key.Tenant)).ToList();
        var (completions, messages) = await ReadAsync(listed, cancellation);
        // A call of two pages may find the turn and not its message, when both are inserted in between.
        var orphans = listed.Where(one => !messages.ContainsKey(one.Completion) || !one.IsOf(completions.GetValueOrDefault(one.Completion), chatbot)).ToHashSet();
        await Workers.RunAsync([.. orphans], TableReads.Width, orphan => DropIfStaleAsync(chatbot, orphan, cancellation));

        var found = listed.Where(one => !orphans.Contains(one)).Select(one => completions[one.Completion]).ToList();
        await ReadRepliesAsync(found, messages, cancellation);
        return found.Select(completion => RecordOf(completion, messages));
    }

    /// <summary>The turns, and the messages beside them.</summary>
    private async Task<(Dictionary<MessageKey, Completion> CompletionDrafts, Dictionary<MessageKey, Message> Messages)> ReadAsync(
        IEnumerable<Listed> listed, CancellationToken cancellation)
    {
        var calls = listed.GroupBy(one => one.Completion.Conversation)
            .SelectMany(conversation => conversation.Chunk(RecordsPerCall).Select(some => (conversation.Key, Rows: some.SelectMany(one => one.Rows).Distinct())));
        var answers = await Workers.RunAsync([.. calls], TableReads.Width, async call =>
            (call.Key, Rows: await tables.Conversations.FindAllAsync(call.Key.PartitionKey, call.Rows, cancellation)));
        var (completions, messages) = (new Dictionary<MessageKey, Completion>(), new Dictionary<MessageKey, Message>());
        foreach (var (conversation, row) in answers.SelectMany(answer => answer.Rows.Select(row => (answer.Key, row))))
        {
            var key = new MessageKey(conversation, KeyParts.LastNumber(row.RowKey));
            if (row.RowKey == CompletionRowKeys.Completion(key.Sequence))
            {
                completions[key] = CompletionRow.Read(row, conversation);
            }
            else
            {
                messages[key] = MessageRow.Read(row, conversation);
            }
        }

        return (completions, messages);
    }

    /// <summary>Those replies that do not stand next to the customer's message: others wrote in between.</summary>
    private async Task ReadRepliesAsync(IEnumerable<Completion> completions, Dictionary<MessageKey, Message> messages, CancellationToken cancellation)
    {
        var elsewhere = completions.Select(ReplyOf).OfType<MessageKey>().Where(reply => !messages.ContainsKey(reply)).GroupBy(reply => reply.Conversation).ToList();
        var replies = await Workers.RunAsync(elsewhere, TableReads.Width, of =>
            MessageRow.FindAllAsync(tables, of.Key, of.Select(reply => reply.Sequence), cancellation));
        foreach (var reply in replies.SelectMany(some => some))
        {
            messages[reply.Key] = reply;
        }
    }

    private async Task DropIfStaleAsync(Chatbot chatbot, Listed orphan, CancellationToken cancellation)
    {
        // Of the scan there is no more than its key.
        if (await tables.Tenants.FindAsync(ChatbotRowKeys.ChatbotPartition(chatbot.Key), orphan.Key, cancellation) is { } row)
        {
            await tables.Tenants.DropIfStaleAsync(row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, time.GetUtcNow(), cancellation);
        }
    }

    private static Record RecordOf(Completion completion, Dictionary<MessageKey, Message> messages)
    {
        var asked = messages[completion.Key];
        var reply = ReplyOf(completion) is { } key ? messages.GetValueOrDefault(key) : null;
        return new Record(completion, asked.Text, Prompts.ContextOf(asked), reply?.Text ?? completion.Text);
    }

    /// <summary>Null while it runs: what is there then is an earlier attempt's.</summary>
    private static MessageKey? ReplyOf(Completion completion) =>
        completion is { Status: CompletionStatus.Ended, Reply: { } reply } ? new MessageKey(completion.Key.Conversation, reply) : null;

    /// <summary>A key of the index.</summary>
    private sealed class Listed
    {
        private readonly long createdAt;

        public Listed(string key, TenantId tenant)
        {
            Key = key;
            (createdAt, var conversation, var sequence) = RecordRowKeys.ReadRecord(key);
            Completion = new MessageKey(new ConversationKey(tenant, conversation), sequence);
        }

        public string Key { get; }

        public MessageKey Completion { get; }

        /// <summary>The customer's message, the turn, and the message after it, which is the reply but where somebody else wrote in between.</summary>
        public IEnumerable<string> Rows => [MessageRowKeys.Message(Completion.Sequence), CompletionRowKeys.Completion(Completion.Sequence), MessageRowKeys.Message(Completion.Sequence + 1)];

        /// <summary>Whether this key is that turn's: another one may have got the number that its try wanted, at another time or of another chatbot.</summary>
        public bool IsOf(Completion? completion, Chatbot chatbot) => completion?.Chatbot == chatbot.Id && completion.CreatedAt.ToUnixTimeMilliseconds() == createdAt;
    }
}
