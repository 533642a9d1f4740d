using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations.FollowUps;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>A client's request to a chatbot.</summary>
/// <param name="Name">Unique among the requests of a run.</param>
/// <param name="Text">The customer's message: a command of the scripted assistant.</param>
/// <param name="Conversation">Null for a new conversation.</param>
/// <param name="IsKeyed">True when the request is sent with an Idempotency-Key, which is its name.</param>
internal sealed record CompletionRequest(string Name, string Text, ConversationKey? Conversation, bool IsKeyed)
{
    public NewMessage Draft => new(MessageRole.Customer, Text, null, Name, null);

    public IdempotencyKey? Key => IsKeyed ? IdempotencyKey.Create(Name, [Name]) : null;

    public EntityRef<ConversationKey>? ConversationId => Conversation is { } key ? new EntityRef<ConversationKey>(key, null) : null;
}

/// <summary>The operations under test: the production code, or a broken copy that the invariants must detect.</summary>
internal sealed record CompletionOperations
{
    public static CompletionOperations Production { get; } = new();

    /// <summary>A defect of every process; null for none.</summary>
    public TableDefect? Defect { get; init; }

    /// <summary>Runs the producer of a started completion.</summary>
    public Func<ParleyProcess, StartedCompletion, ProducedCompletion> Produce { get; init; } = (_, completion) => completion.Run!();

    /// <summary>A tick of the timer.</summary>
    public Func<ParleyProcess, Task> Tick { get; init; } = process => process.CompletionRecovery.RunAsync(CancellationToken.None);

    /// <summary>Handles a queue message.</summary>
    public Func<ParleyProcess, QueuedReply, Task> Run { get; init; } = (process, reply) => process.AutoReplies.RunAsync(reply, CancellationToken.None);
}

/// <summary>
/// The storage and the queue of one run, the responses that clients received, and the invariants between them.
/// </summary>
internal sealed class CompletionModel
{
    /// <summary>The only chatbot.</summary>
    public static readonly EntityRef<ChatbotKey> Chatbot = new(new ChatbotKey(Appends.Tenant, 1), null);

    private static readonly IConfiguration Settings = new ConfigurationBuilder().AddInMemoryCollection(
        new Dictionary<string, string?> { ["Providers:main:Type"] = "scripted", ["Providers:main:TimeoutSeconds"] = "5" }).Build();

    private readonly StrictTables tables;
    private readonly TableDefect? defect;
    private readonly Dictionary<string, (TimeSpan Skew, TableConnection Connection)> processes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MessageKey> acknowledged = new(StringComparer.Ordinal);
    private readonly HashSet<string> keyed = new(StringComparer.Ordinal);

    public CompletionModel(Simulation run, StrictTables tables, TableDefect? defect = null)
    {
        (Run, this.tables, this.defect, Queue) = (run, tables, defect, NewQueue(run));
        Log = new CompletionLog(run, tables, process => run.Time.GetUtcNow() + processes.GetValueOrDefault(process).Skew)
        {
            IsDead = process => processes.GetValueOrDefault(process).Connection is { IsDead: true },
        };
    }

    public Simulation Run { get; }

    public SimulatedWorkQueue<QueuedReply> Queue { get; }

    public CompletionLog Log { get; }

    public List<ConversationKey> Conversations { get; } = [];

    /// <summary>Creates the conversations of the run, which name the chatbot.</summary>
    public async Task BuildAsync(int conversations)
    {
        var setup = Unscheduled();
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var chatbot = await setup.ChatbotWriter.CreateAsync(Appends.Tenant, one => one with { Name = "Bot", Instructions = "Be brief." }, CancellationToken.None);
        for (var i = 0; i < conversations; i++)
        {
            var (created, _) = await setup.Creation.CreateAsync(
                Appends.Tenant, new("talk", "web", null, null, null, null, null) { Chatbot = chatbot.Id }, null, CancellationToken.None);
            Conversations.Add(created.Key);
        }
    }

    private static SimulatedWorkQueue<QueuedReply> NewQueue(Simulation run) =>
        new(run) { MaxDeliveries = 3, LosesMessages = true, ComesAgainWithin = TimeSpan.FromSeconds(30) };

    /// <summary>Starts a process whose calls the simulation schedules, with its own clock and faults.</summary>
    public (ParleyProcess Process, TableConnection Connection) Start(string name, int seed, TimeSpan skew = default, Func<TableCall, Fault>? fault = null)
    {
        var connection = Run.Connect(tables, name, new TableHooks { Fault = fault, After = Log.Note, Defect = defect });
        return (Process(connection, seed, skew), connection);
    }

    /// <summary>
    /// Starts a process whose calls are not scheduled and take the time that <paramref name="pause"/> returns.
    /// </summary>
    public ParleyProcess StartSlow(string name, int seed, Func<TableCall, TimeSpan> pause) => Process(
        tables.Connect(name, new TableHooks
        {
            Before = async (call, cancellation) =>
            {
                // The continuation of a cancelled delay would run on a thread of the pool: see Simulation.
                await Task.Delay(pause(call), Run.Time, CancellationToken.None).ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
            },
            After = Log.Note,
        }),
        seed);

    /// <summary>A connection whose calls the simulation does not schedule.</summary>
    public TableConnection Connect(string name, TableHooks hooks) => tables.Connect(name, hooks with { After = Log.Note });

    public ParleyProcess Process(TableConnection connection, int seed, TimeSpan skew = default)
    {
        processes[connection.Name] = (skew, connection);
        return new ParleyProcess(connection, new SkewedTime(Run.Time, skew), seed, assistants: new AssistantSurroundings(Settings, Queue.Of(connection)), write: ScheduleForms.Of(Run, seed), shards: ScheduleForms.Shards);
    }

    /// <summary>A process whose calls are not scheduled by the simulation.</summary>
    public ParleyProcess Unscheduled() => Process(tables.Connect("unscheduled", new TableHooks { After = Log.Note }), Run.Seed);

    /// <summary>Sends the request and reads the stream to its end, whichever process produces it.</summary>
    /// <param name="operations">The operations under test.</param>
    /// <param name="process">The process that receives the request.</param>
    /// <param name="begun">Called with the listener when the stream begins.</param>
    public async Task<CompletionListener> CompleteAsync(CompletionOperations operations, ParleyProcess process, CompletionRequest request, Action<CompletionListener, Completion>? begun = null)
    {
        if (request.IsKeyed)
        {
            keyed.Add(request.Name);
        }

        var completion = await process.CompletionCommands.StartAsync(Chatbot, request.ConversationId, request.Draft, request.Key, CancellationToken.None);
        Acknowledge(request, completion.Completion.Key);
        var listener = new CompletionListener(Log, completion.Completion, after: 0);
        begun?.Invoke(listener, completion.Completion);
        ProducedCompletion? produced = null;
        await ListenAsync(
            listener,
            process,
            () => completion.Run is null ? process.CompletionCommands.FollowAsync(completion, CancellationToken.None) : (produced = operations.Produce(process, completion)).States,
            () => produced?.Result ?? Task.CompletedTask);
        return listener;
    }

    /// <summary>Reads the stream again from the event after <paramref name="after"/>.</summary>
    public async Task<CompletionListener> ResumeAsync(ParleyProcess process, Guid id, int after)
    {
        var completion = await process.CompletionStore.GetAsync(Appends.Tenant, $"{id}", CancellationToken.None);
        var listener = new CompletionListener(Log, completion, after);
        await ListenAsync(listener, process, () => process.CompletionCommands.FollowAsync(new StartedCompletion(completion, null, process.Time.GetTimestamp()), CancellationToken.None), () => Task.CompletedTask);
        return listener;
    }

    /// <summary>Cancels, and compares the response with the stored completion.</summary>
    public async Task<Completion> CancelAsync(ParleyProcess process, Guid id)
    {
        var ended = await process.CompletionCommands.CancelAsync(Appends.Tenant, $"{id}", CancellationToken.None);
        var stored = Log.Of(ended.Key);
        Log.Require(
            stored.Attempt > ended.Attempt
            || (stored.Status, stored.Error, stored.Reply, stored.Attempt) == (CompletionStatus.Ended, ended.Error, ended.Reply, ended.Attempt) && (stored.Text == ended.Text || Log.IsForgotten(ended.Key)),
            $"The cancellation returned {ended}; stored: {stored}.");
        return ended;
    }

    /// <summary>Posts a message without waiting for a reply.</summary>
    public async Task PostAsync(ParleyProcess process, CompletionRequest request)
    {
        if (request.IsKeyed)
        {
            keyed.Add(request.Name);
        }

        var posted = await process.AutoReplies.AppendAsync(request.ConversationId!.Value, request.Draft, request.Key, CancellationToken.None);
        Acknowledge(request, posted.Message.Key);
    }

    /// <summary>Runs only ticks and deliveries for more than an hour.</summary>
    public async Task ReachQuiescenceAsync(CompletionOperations operations, params ParleyProcess[] instances)
    {
        Queue.TroubleOneIn = 0;
        for (var minute = 0; minute < 70; minute++)
        {
            await Task.WhenAll(instances.Select(operations.Tick));
            await Task.WhenAll(instances.Select(process => DeliverAsync(operations, process)));
            await Task.Delay(TimeSpan.FromMinutes(1), Run.Time);
        }
    }

    /// <summary>Delivers due queue messages until none is left.</summary>
    public async Task DeliverAsync(CompletionOperations operations, ParleyProcess process)
    {
        while (Queue.Take() is { } message)
        {
            await operations.Run(process, message.Message);
            Queue.Complete(message);
        }
    }

    /// <summary>Checks every invariant after the run has reached quiescence.</summary>
    /// <returns>All completions, in the order of their messages.</returns>
    public async Task<IReadOnlyList<Completion>> VerifyAsync()
    {
        Log.Verify();
        var reader = Unscheduled();
        var (messages, completions) = (new List<Message>(), new List<Completion>());
        foreach (var partition in (await reader.Tables.Conversations.QueryAsync<TableEntity>().ToListAsync()).GroupBy(row => row.PartitionKey))
        {
            var key = CompletionLog.ConversationOf(partition.Key);
            var own = partition.Where(row => row.RowKey.StartsWith("m|", StringComparison.Ordinal)).Select(row => MessageRow.Read(row, key)).ToList();
            VerifyHead(ConversationRow.Read(partition.Single(row => row.RowKey == ConversationRowKeys.Head), key), own);
            messages.AddRange(own);
            Assert.DoesNotContain(partition, row => CompletionLog.IsChunk(row.RowKey));
            completions.AddRange(partition.Where(row => row.RowKey.StartsWith("t|", StringComparison.Ordinal) && !CompletionLog.IsChunk(row.RowKey)).Select(row => CompletionRow.Read(row, key)));
        }

        var byKey = messages.ToDictionary(message => message.Key);
        Assert.All(completions, completion => VerifyCompletion(completion, byKey));
        Assert.Equal(Log.Completions.OrderBy(Order), completions.Select(completion => completion.Key).OrderBy(Order));
        Assert.Equal(Log.Replies.Select(reply => reply.Message.Key).OrderBy(Order), messages.Where(message => message.Role == MessageRole.Assistant).Select(message => message.Key).OrderBy(Order));
        Assert.All(Log.Replies, reply => Assert.Contains(byKey[reply.Message.Key].Text, new[] { reply.Message.Text, "" }));
        VerifyAcknowledged(messages);
        var due = await reader.Tables.ScheduledRowsAsync();
        Assert.DoesNotContain(due, row => row.RowKey.StartsWith(CompletionRowKeys.ScheduledCompletions, StringComparison.Ordinal));
        return completions;

        static (int, int) Order(MessageKey key) => (key.Conversation.Number, key.Sequence);
    }

    /// <summary>The complete reply to a command that begins with <c>/words N</c>.</summary>
    public static string Scripted(string text) =>
        string.Join(' ', Enumerable.Range(1, int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).Select(n => $"word{n}"));

    /// <summary>A failure that a client receives as an error, or that a trigger's host logs.</summary>
    public static bool IsFailure(Exception e) =>
        e is CrashException or RequestFailedException or OperationCanceledException or IOException or AggregateException || e is ParleyException { Code.Kind: not ErrorKind.Internal };

    /// <summary>Numbers are dense, times do not decrease, and the head agrees with its messages.</summary>
    private static void VerifyHead(Conversation head, List<Message> messages)
    {
        Assert.Equal(Enumerable.Range(1, head.Last), messages.Select(message => message.Key.Sequence));
        Assert.Equal(messages.Select(message => message.CreatedAt).Order(), messages.Select(message => message.CreatedAt));
        Assert.Equal(messages.Count > 0 ? ConversationRow.Preview(messages[^1].Text) : null, head.LastMessage);
        Assert.Equal(messages.Count > 0 ? messages[^1].CreatedAt : null, head.LastMessageAt);
        Assert.Equal(messages.Count(message => message is { Role: MessageRole.Customer, DeletedBy: null }), head.Unread);
    }

    private void VerifyCompletion(Completion completion, Dictionary<MessageKey, Message> messages)
    {
        Assert.Equal(CompletionStatus.Ended, completion.Status);
        Assert.True(Log.IsListed(completion), $"The records do not contain {completion}.");
        var question = messages[completion.Key];
        Assert.Equal(MessageRole.Customer, question.Role);
        if (completion.Reply is { } number)
        {
            var reply = messages[new MessageKey(completion.Key.Conversation, number)];
            Assert.Equal((completion.Text, completion.Key.Sequence), (reply.Text, reply.Completion));
        }

        if (completion.Error is null)
        {
            Assert.Equal(Log.IsForgotten(completion.Key) ? "" : Scripted(question.Text), completion.Text);
            Assert.NotNull(completion.Reply);
        }
    }

    /// <summary>A keyed request stores one message, and every acknowledged message is stored.</summary>
    private void VerifyAcknowledged(List<Message> messages)
    {
        var stored = messages.Where(message => message.Role == MessageRole.Customer).ToLookup(message => message.UserName!);
        Assert.All(keyed, name => Assert.InRange(stored[name].Count(), acknowledged.ContainsKey(name) ? 1 : 0, 1));
        Assert.All(acknowledged, one => Assert.Contains(stored[one.Key], message => message.Key == one.Value));
    }

    private void Acknowledge(CompletionRequest request, MessageKey key)
    {
        Log.Require(!acknowledged.TryGetValue(request.Name, out var before) || before == key, $"{request} is message {key}, and was {before}.");
        acknowledged[request.Name] = key;
    }

    /// <summary>
    /// A stream has a final event, unless it reached its time limit or the client had already received that event.
    /// </summary>
    private async Task ListenAsync(CompletionListener listener, ParleyProcess process, Func<IAsyncEnumerable<Completion>> states, Func<Task> end)
    {
        var (begun, first) = (Run.Time.GetUtcNow(), listener.Last);
        await listener.ListenAsync(states, end, process.Time);
        var isSpent = Run.Time.GetUtcNow() - begun > TimeSpan.FromSeconds(219);
        var hadAll = Log.Of(listener.Completion) is { Status: CompletionStatus.Ended } ended && first >= ended.NextEvent - 1;
        Log.Require(listener.IsDone || isSpent || hadAll, $"The stream ended without an end, after event {listener.Last}.");
    }
}
