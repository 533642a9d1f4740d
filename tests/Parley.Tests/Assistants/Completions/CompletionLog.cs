using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Assistants.Completions;

/// <summary>An event as clients receive it: a part of the text, or the end.</summary>
/// <param name="Text">The part of the text; null for the end.</param>
/// <param name="Error">The reason why the reply is incomplete; null when it is complete.</param>
internal readonly record struct CompletionEvent(string? Text, CompletionError? Error);

/// <summary>A reply as it was committed.</summary>
internal sealed record StoredReply(MessageKey Completion, int Attempt, Message Message);

/// <summary>
/// Observes each committed write and checks the completion's transition against the model. A violation is kept until
/// <see cref="Verify"/>: thrown within a storage call it would look like a storage failure.
/// </summary>
internal sealed class CompletionLog(Simulation run, StrictTables tables, Func<string, DateTimeOffset> clockOf)
{
    private readonly ParleyProcess eye = new(tables.Connect("eye"), run.Time, seed: 0);
    private readonly Dictionary<MessageKey, Story> stories = [];
    private readonly HashSet<(string Partition, string RowKey)> due = [];
    private readonly HashSet<string> records = [];
    private string? violation;

    /// <summary>
    /// True if only the death of its process can keep a producer from writing. Then no other process may end its
    /// completion.
    /// </summary>
    public bool LiveProducersEndTheirCompletions { get; set; }

    public Func<string, bool> IsDead { get; init; } = _ => false;

    public IReadOnlyCollection<MessageKey> Completions => stories.Keys;

    public List<StoredReply> Replies { get; } = [];

    /// <summary>The completion as it is stored now.</summary>
    public Completion Of(MessageKey key) => stories[key].Now;

    /// <summary>The process that began the current attempt.</summary>
    public string ProducerOf(MessageKey key) => stories[key].Producer;

    /// <summary>The stored event of this number, or null when there is none yet.</summary>
    public CompletionEvent? EventOf(MessageKey key, int number) => stories[key].Events.TryGetValue(number, out var one) ? one : null;

    /// <summary>True when an attempt's events begin with this number.</summary>
    public bool IsFirstEvent(MessageKey key, int number) => stories[key].Firsts.Contains(number);

    /// <summary>The number of attempts that have begun.</summary>
    public int Attempts(MessageKey key) => stories[key].Firsts.Count;

    /// <summary>True when the reply has been deleted, and its text with it.</summary>
    public bool IsForgotten(MessageKey key) => stories[key].Forgotten;

    public void Verify()
    {
        if (violation is not null)
        {
            throw new Xunit.Sdk.XunitException(violation);
        }
    }

    /// <summary>Records the first violation, with the calls that led to it.</summary>
    public void Fail(string what) => violation ??= $"{what}\n{string.Join('\n', run.Trace.TakeLast(40))}\n-- so far when it was seen --";

    public void Require(bool condition, string what)
    {
        if (!condition)
        {
            Fail(what);
        }
    }

    /// <summary>Receives each call that the service has carried out.</summary>
    public void Note(TableCall call, int status)
    {
        if (status >= 300 || !call.IsWrite || call.PartitionKey is null)
        {
            return;
        }

        for (var i = 0; i < call.RowKeys.Count; i++)
        {
            var (key, isGone) = (call.RowKeys[i], (call.Operations.Count > i ? call.Operations[i] : call.Kind) == TableCallKind.Delete);
            switch (call.Table)
            {
                case "Due" or "Schedule" when key.StartsWith(CompletionRowKeys.ScheduledCompletions, StringComparison.Ordinal):
                    Change(due, (call.PartitionKey, key), isGone);
                    RequireFound(call, CompletionRowKeys.ReadScheduledCompletion(key).Completion);
                    break;
                case "Tenants" when key.StartsWith(RecordRowKeys.Records, StringComparison.Ordinal):
                    Change(records, $"{call.PartitionKey}/{key}", isGone);
                    break;
                case "Conversations" when IsChunk(key):
                    ObserveChunk(call, key, isGone);
                    break;
                case "Conversations" when key.StartsWith("t|", StringComparison.Ordinal):
                    Observe(call, new MessageKey(ConversationOf(call.PartitionKey), KeyParts.LastNumber(key)));
                    break;
            }
        }
    }

    public static bool IsChunk(string rowKey) => rowKey.StartsWith("t|", StringComparison.Ordinal) && CompletionRowKeys.IsChunk(rowKey);

    /// <summary>
    /// A chunk is written with the row of its completion, and deleted only after its attempt has ended.
    /// </summary>
    private void ObserveChunk(TableCall call, string rowKey, bool isGone)
    {
        var key = new MessageKey(ConversationOf(call.PartitionKey!), KeyParts.Number(rowKey.Split('|')[1]));
        var attempt = CompletionRowKeys.ReadChunk(rowKey).Attempt;
        var now = stories[key].Now;
        Require(
            isGone ? attempt < now.Attempt || (attempt, now.Status) == (now.Attempt, CompletionStatus.Ended) : call.RowKeys.Contains(CompletionRowKeys.Completion(key.Sequence)) && attempt == now.Attempt,
            $"{call}: a chunk of attempt {attempt} of {now}.");
    }

    public static ConversationKey ConversationOf(string partition) =>
        new(Appends.Tenant, int.Parse(partition.AsSpan(9), System.Globalization.CultureInfo.InvariantCulture));

    private static void Change<T>(HashSet<T> rows, T row, bool isGone)
    {
        if (isGone)
        {
            rows.Remove(row);
        }
        else
        {
            rows.Add(row);
        }
    }

    private void Observe(TableCall call, MessageKey key)
    {
        var now = Done(eye.CompletionStore.FindAsync(key, CancellationToken.None))!;
        if (stories.TryGetValue(key, out var story))
        {
            Step(call, story, now);
        }
        else
        {
            stories[key] = story = new Story(now, call.Process);
            Require(call.RowKeys.Contains(MessageRowKeys.Message(key.Sequence)), $"{call}: completion {key} came without its message.");
            Require((now.Status, now.Attempt) is (CompletionStatus.Queued, 0) or (CompletionStatus.Running, 1), $"{call}: a completion begins as {now}.");
            Require(records.Contains(RecordOf(now)), $"{call}: the records do not contain completion {key}.");
        }

        story.Now = now;
        AddEvents(call, story);
        RequireFound(call, key);
    }

    private void Step(TableCall call, Story story, Completion now)
    {
        var before = story.Now;
        if (now.Attempt != before.Attempt)
        {
            Require(
                now.Attempt == before.Attempt + 1 && now.Status == CompletionStatus.Running && before is { Status: CompletionStatus.Queued } or { Status: CompletionStatus.Ended, Error: CompletionError.Interrupted },
                $"{call}: {before} is begun again as {now}.");
            Require(now is { Text: "", Reply: null, Error: null, EndedAt: null, CancelRequested: false }, $"{call}: an attempt begins as {now}.");
            Require(now.FirstEvent == story.Events.Keys.DefaultIfEmpty(0).Max() + 1, $"{call}: an attempt's events begin with {now.FirstEvent}.");
            (story.Producer, story.Forgotten) = (call.Process, false);
            story.Firsts.Add(now.FirstEvent);
            return;
        }

        Require(now.ProducerId == before.ProducerId, $"{call}: another producer in {before}: {now}.");
        if (call.Written(CompletionRowKeys.Completion(now.Key.Sequence), "Text") is "" && call.Written(CompletionRowKeys.Completion(now.Key.Sequence), "Beat") is null)
        {
            Require(before.Reply is { } gone && call.RowKeys.Contains(MessageRowKeys.Message(gone)), $"{call}: forgets what is not this reply's: {before}.");
            story.Forgotten = true;
        }
        else if (before.Status == CompletionStatus.Ended)
        {
            Require(
                (now.Status, now.Text, now.Error, now.Reply, now.EndedAt) == (before.Status, before.Text, before.Error, before.Reply, before.EndedAt) && now.Parts.SequenceEqual(before.Parts),
                $"{call}: an ended completion changes from {before} to {now}.");
        }
        else if (now.Status == CompletionStatus.Ended)
        {
            End(call, story, now);
        }
    }

    private void End(TableCall call, Story story, Completion now)
    {
        Require(
            !LiveProducersEndTheirCompletions || story.Now.Status == CompletionStatus.Queued || call.Process == story.Producer || IsDead(story.Producer),
            $"{call}: {call.Process} ends the completion of {story.Producer}, which is alive: {now}.");
        if (now.Reply is not { } number)
        {
            Require(now.Text.Length == 0 || now is { IsAutoReply: true, Error: CompletionError.Cancelled }, $"{call}: {now} has no reply.");
            return;
        }

        var reply = Done(MessageRow.FindAsync(eye.Tables, new MessageKey(now.Key.Conversation, number), CancellationToken.None))!;
        Require(call.RowKeys.Contains(MessageRowKeys.Message(number)), $"{call}: the reply is not of the same transaction.");
        Require(reply.Role == MessageRole.Assistant && reply.Completion == now.Key.Sequence && reply.Text == now.Text, $"{call}: {reply} is not the reply of {now}.");
        Require(reply.Metadata is null == now.Error is null && reply.Metadata == reply.ContentPayload, $"{call}: the mark of {reply}, of {now}.");
        Require(!Replies.Exists(one => one.Completion == now.Key && one.Attempt == now.Attempt), $"{call}: another reply of one attempt: {now}.");
        Require(reply.Metadata is not null || !Replies.Exists(one => one.Completion == now.Key && one.Message.Metadata is null), $"{call}: another complete reply: {now}.");
        var head = Done(eye.Conversations.FindAsync(now.Key.Conversation, CancellationToken.None))!;
        Require(!now.IsAutoReply || !(head.HandedOffUntil > clockOf(call.Process)), $"{call}: an automatic reply while a human answers, until {head.HandedOffUntil:O}: {now}.");
        Replies.Add(new StoredReply(now.Key, now.Attempt, reply));
    }

    /// <summary>An event never changes, and none disappears, except the text of a deleted reply.</summary>
    private void AddEvents(TableCall call, Story story)
    {
        var completion = story.Now;
        var events = EventsOf(completion).ToList();
        var known = story.Events.Keys.Where(number => number >= completion.FirstEvent).DefaultIfEmpty(completion.FirstEvent - 1).Max();
        Require(completion.FirstEvent + events.Count > known, $"{call}: events up to {known} are stored, and now {completion}.");
        for (var i = 0; i < events.Count; i++)
        {
            var number = completion.FirstEvent + i;
            var same = !story.Events.TryGetValue(number, out var stored) || stored == events[i] || story.Forgotten && events[i].Text is "" && stored.Text is not null;
            Require(same, $"{call}: event {number} was {stored}, and is {events[i]} of {completion}.");
            story.Events.TryAdd(number, events[i]);
        }
    }

    private static IEnumerable<CompletionEvent> EventsOf(Completion completion)
    {
        foreach (var part in completion.Parts)
        {
            yield return new CompletionEvent(part, null);
        }

        if (completion.Status == CompletionStatus.Ended)
        {
            yield return new CompletionEvent(null, completion.Error);
        }
    }

    /// <summary>An open completion has a schedule row for the timer at every moment.</summary>
    private void RequireFound(TableCall call, MessageKey key) => Require(
        !stories.TryGetValue(key, out var story) || story.Now.Status == CompletionStatus.Ended || due.Any(row => CompletionRowKeys.ReadScheduledCompletion(row.RowKey) == (key, story.Now.Attempt)),
        $"{call}: there is no schedule row for completion {key}.");

    /// <summary>True when the chatbot's list of records has the completion's row.</summary>
    public bool IsListed(Completion completion) => records.Contains(RecordOf(completion));

    private static string RecordOf(Completion completion) =>
        $"{ChatbotRowKeys.ChatbotPartition(CompletionModel.Chatbot.Key)}/{RecordRowKeys.Record(completion.CreatedAt.ToUnixTimeMilliseconds(), completion.Key.Conversation.Number, completion.Key.Sequence)}";

    /// <summary>The result of a task on an unscheduled connection, which completes synchronously.</summary>
    private static T Done<T>(Task<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : throw new InvalidOperationException("The call did not complete synchronously.");

    private sealed class Story(Completion first, string producer)
    {
        public Completion Now { get; set; } = first;

        public string Producer { get; set; } = producer;

        public SortedDictionary<int, CompletionEvent> Events { get; } = [];

        public HashSet<int> Firsts { get; } = [first.FirstEvent];

        public bool Forgotten { get; set; }
    }
}
