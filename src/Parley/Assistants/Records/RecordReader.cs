using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Records;

/// <summary>
/// Reads a chatbot's records, newest first. The index contains only keys; the contents of a record are read from its
/// conversation. A failed attempt to write a completion can leave a key without a completion. Such a key is skipped,
/// and deleted once it is stale.
/// </summary>
public sealed class RecordReader(ParleyTables tables, TimeProvider time)
{
    /// <summary>The number of records that pages can reach.</summary>
    public const int MaxReach = 10_000;

    /// <summary>The number of records up to which every page counts: those of one response of storage.</summary>
    internal const int MinCounted = Filters.MaxPerCall;

    /// <summary>
    /// Reads one page: a scan of the keys up to the end of the page, and of at least <see cref="MinCounted"/>; one more
    /// key, to know whether there are more; and two calls for each record, fewer for neighbours.
    /// </summary>
    /// <param name="chatbot">The chatbot.</param>
    /// <param name="range">The times of the customers' messages.</param>
    /// <param name="page">The number of the page, from 1.</param>
    /// <param name="size">
    /// The maximum number of records; <paramref name="page"/> times this is at most <see cref="MaxReach"/>.
    /// </param>
    public async Task<RecordPage> ListAsync(
        Chatbot chatbot, RecordRange range, int page, int size, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)page * size, MaxReach);
        var counted = Math.Max(MinCounted, page * size);
        var keys = await KeysAsync(chatbot, range, cancellation).Take(counted).ToListAsync(cancellation);
        var isCapped = keys.Count == counted && await HasMoreAsync(chatbot, range, keys[^1], cancellation);

        // Keys without a completion are counted too: a check would cost one read for each key.
        var shown = keys.Skip((page - 1) * size).Take(size);
        return new RecordPage(
            [.. await FindAsync(chatbot, shown, cancellation)],
            keys.Count,
            isCapped);
    }

    /// <summary>Streams all records of a range. Only a few are in memory at a time, whatever their number.</summary>
    /// <param name="chatbot">The chatbot.</param>
    /// <param name="range">The times of the customers' messages.</param>
    public async IAsyncEnumerable<Record> ReadAllAsync(
        Chatbot chatbot, RecordRange range, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var (records, _) in ReadChunksAsync(chatbot, range, after: null, cancellation))
        {
            foreach (var record in records)
            {
                yield return record;
            }
        }
    }

    /// <summary>
    /// True when a range has more records than <paramref name="limit"/>: a call for each thousand of their keys up to
    /// the limit.
    /// </summary>
    public async Task<bool> HasMoreThanAsync(
        Chatbot chatbot, RecordRange range, int limit, CancellationToken cancellation) =>
        await KeysAsync(chatbot, range, cancellation).Take(limit + 1).CountAsync(cancellation) > limit;

    /// <summary>
    /// Reads all records of a range, a few at a time, each few with the key of the last one in the index.
    /// </summary>
    /// <param name="after">The key behind which to begin; null for the beginning.</param>
    internal async IAsyncEnumerable<(IEnumerable<Record> Records, string Last)> ReadChunksAsync(
        Chatbot chatbot, RecordRange range, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var chunks = KeysAsync(chatbot, range, cancellation, after).Chunk(TableReads.Width);
        await foreach (var keys in chunks.WithCancellation(cancellation))
        {
            yield return (await FindAsync(chatbot, keys, cancellation), keys[^1]);
        }
    }

    /// <summary>Reads the texts of a completion, in one call of storage.</summary>
    public async Task<Record> ReadAsync(Completion completion, CancellationToken cancellation)
    {
        int[] numbers = completion.Reply is { } reply ? [completion.Key.Sequence, reply] : [completion.Key.Sequence];
        var messages = await MessageRow.FindAllAsync(tables, completion.Key.Conversation, numbers, cancellation);
        return RecordOf(completion, messages.ToDictionary(message => message.Key));
    }

    private IAsyncEnumerable<string> KeysAsync(
        Chatbot chatbot, RecordRange range, CancellationToken cancellation, string? first = null)
    {
        // Messages have times in whole milliseconds, so rounding both ends of the range up to a millisecond selects the
        // same messages. Later times have lower keys, so the scan starts at the upper end.
        var after = first ?? (range.To is { } to
            ? KeyParts.EndOf(RecordRowKeys.RecordsAt(Millisecond(to)))
            : RecordRowKeys.Records);
        return tables.Tenants.QueryAsync<TableEntity>(
            Filters.Between(ChatbotRowKeys.ChatbotPartition(chatbot.Key), after, EndOf(range)),
            select: ["RowKey"],
            cancellationToken: cancellation).Select(row => row.RowKey);
    }

    private async Task<bool> HasMoreAsync(
        Chatbot chatbot, RecordRange range, string key, CancellationToken cancellation) =>
        await tables.Tenants.QueryAsync<TableEntity>(
            Filters.Between(ChatbotRowKeys.ChatbotPartition(chatbot.Key), key, EndOf(range)),
            maxPerPage: 1,
            select: ["RowKey"],
            cancellationToken: cancellation).AnyAsync(cancellation);

    private static string EndOf(RecordRange range) => KeyParts.EndOf(range.From is { } from
        ? RecordRowKeys.RecordsAt(Millisecond(from))
        : RecordRowKeys.Records);

    // No record is older than 1970, and none is later than the last time that a key can contain.
    private static long Millisecond(DateTimeOffset at) =>
        Math.Clamp(at.UpToMillisecond().ToUnixTimeMilliseconds(), 0, KeyParts.MaxMillisecond);

    private async Task<IEnumerable<Record>> FindAsync(
        Chatbot chatbot, IEnumerable<string> keys, CancellationToken cancellation)
    {
        var listed = keys.Select(key => new ListedRecord(key, chatbot.Key.Tenant)).ToList();
        var (completions, messages) = await ReadAsync(listed, cancellation);

        // When storage returns the rows in two pages, and both rows are inserted in between, the result may contain the
        // completion but not its message.
        var orphans = listed
            .Where(record => !messages.ContainsKey(record.Completion)
                || !record.IsOf(completions.GetValueOrDefault(record.Completion), chatbot))
            .ToHashSet();
        await Workers.RunAsync(
            [.. orphans], TableReads.Width, orphan => DropIfStaleAsync(chatbot, orphan, cancellation));

        var found = listed
            .Where(record => !orphans.Contains(record))
            .Select(record => completions[record.Completion])
            .ToList();
        await ReadRepliesAsync(found, messages, cancellation);
        return found.Select(completion => RecordOf(completion, messages));
    }

    /// <summary>Reads the completions and the messages next to them.</summary>
    private async Task<(Dictionary<MessageKey, Completion> Completions, Dictionary<MessageKey, Message> Messages)>
        ReadAsync(IEnumerable<ListedRecord> listed, CancellationToken cancellation)
    {
        var calls =
            from conversation in listed.GroupBy(record => record.Completion.Conversation)
            select (conversation.Key, Rows: conversation.SelectMany(record => record.Rows));
        var results = await Workers.RunAsync([.. calls], TableReads.Width, async call =>
            (call.Key, Rows: await tables.Conversations.FindAllAsync(call.Key.PartitionKey, call.Rows, cancellation)));
        var (completions, messages) = (new Dictionary<MessageKey, Completion>(), new Dictionary<MessageKey, Message>());
        foreach (var (conversation, row) in results.SelectMany(result => result.Rows.Select(row => (result.Key, row))))
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

        await ReadChunksAsync(completions, cancellation);
        return (completions, messages);
    }

    /// <summary>Reads the text of running completions again with its chunks: a call for each.</summary>
    private async Task ReadChunksAsync(
        Dictionary<MessageKey, Completion> completions, CancellationToken cancellation)
    {
        var running = completions.Values.Where(completion => completion.IsTextInChunks).ToList();
        var states = await Workers.RunAsync(running, TableReads.Width, completion =>
            CompletionRows.FindAsync(tables, completion.Key, known: null, cancellation));
        foreach (var state in states.OfType<Completion>())
        {
            completions[state.Key] = state;
        }
    }

    /// <summary>
    /// Reads the replies that do not directly follow the customer's message, because other messages were written in
    /// between.
    /// </summary>
    private async Task ReadRepliesAsync(
        IEnumerable<Completion> completions, Dictionary<MessageKey, Message> messages, CancellationToken cancellation)
    {
        var missing = completions
            .Select(ReplyOf)
            .OfType<MessageKey>()
            .Where(reply => !messages.ContainsKey(reply))
            .GroupBy(reply => reply.Conversation)
            .ToList();
        var replies = await Workers.RunAsync(missing, TableReads.Width, conversation => MessageRow.FindAllAsync(
            tables, conversation.Key, conversation.Select(reply => reply.Sequence), cancellation));
        foreach (var reply in replies.SelectMany(found => found))
        {
            messages[reply.Key] = reply;
        }
    }

    private async Task DropIfStaleAsync(Chatbot chatbot, ListedRecord orphan, CancellationToken cancellation)
    {
        // The scan selected only the key, and the deletion needs the row's ETag and timestamp.
        var partition = ChatbotRowKeys.ChatbotPartition(chatbot.Key);
        if (await tables.Tenants.FindAsync(partition, orphan.Key, cancellation) is { } row)
        {
            await tables.Tenants.DropIfStaleAsync(
                row.PartitionKey,
                row.RowKey,
                row.ETag,
                row.Timestamp!.Value,
                time.GetUtcNow(),
                cancellation);
        }
    }

    private static Record RecordOf(Completion completion, Dictionary<MessageKey, Message> messages)
    {
        var input = messages[completion.Key];
        var reply = ReplyOf(completion) is { } key ? messages.GetValueOrDefault(key) : null;
        return new Record(completion, input.Text, Prompts.ContextOf(input), reply?.Text ?? completion.Text);
    }

    /// <summary>
    /// The key of the reply; null while the completion is running, because the reply in the row is then an earlier
    /// attempt's.
    /// </summary>
    private static MessageKey? ReplyOf(Completion completion) =>
        completion is { Status: CompletionStatus.Ended, Reply: { } reply }
            ? new MessageKey(completion.Key.Conversation, reply)
            : null;

    /// <summary>A key of the index, parsed.</summary>
    private sealed class ListedRecord
    {
        private readonly long createdAt;

        public ListedRecord(string key, TenantId tenant)
        {
            Key = key;
            (createdAt, var conversation, var sequence) = RecordRowKeys.ReadRecord(key);
            Completion = new MessageKey(new ConversationKey(tenant, conversation), sequence);
        }

        public string Key { get; }

        public MessageKey Completion { get; }

        /// <summary>
        /// The row keys of the customer's message, of the completion, and of the next message. The next message is the
        /// reply, unless another message was written in between.
        /// </summary>
        public IEnumerable<string> Rows =>
        [
            MessageRowKeys.Message(Completion.Sequence),
            CompletionRowKeys.Completion(Completion.Sequence),
            MessageRowKeys.Message(Completion.Sequence + 1),
        ];

        /// <summary>
        /// True when the key belongs to this completion. The attempt that wrote the key may have lost its sequence
        /// number to another completion, which has another time or another chatbot.
        /// </summary>
        public bool IsOf(Completion? completion, Chatbot chatbot) =>
            completion?.Chatbot == chatbot.Id && completion.CreatedAt.ToUnixTimeMilliseconds() == createdAt;
    }
}
