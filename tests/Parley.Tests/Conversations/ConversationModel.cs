using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Tickets;
using Parley.Core;

namespace Parley.Tests.Conversations;

/// <summary>The response to a request: the error code, or the number of the entity with its revision.</summary>
internal readonly record struct ModelResponse(ErrorCode? Refusal, int Number = 0, int Revision = 0, bool Replayed = false);

/// <summary>
/// A message to be sent, with numbers instead of ids; a number that does not exist stands for an unknown id.
/// </summary>
internal sealed record Draft(MessageRole Role, string Text, int? Quoted, int? Thread, string? Key, string? ExternalId)
{
    /// <summary>The body that an idempotency key or an external id is compared with.</summary>
    public IReadOnlyList<string?> Body() => [$"{Role}", Text, $"{Quoted}", $"{Thread}", ExternalId];
}

/// <summary>A message as every read path must return it.</summary>
internal sealed record ModelMessage(int Number, MessageRole Role, string Text, DateTimeOffset CreatedAt)
{
    public int Revision { get; init; } = 1;

    public DateTimeOffset UpdatedAt { get; init; } = CreatedAt;

    public int? Quoted { get; init; }

    public Guid? Thread { get; init; }

    public int? Ticket { get; init; }

    public string? ExternalId { get; init; }

    public string? Feedback { get; init; }

    public string? EditedBy { get; init; }

    public string? DeletedBy { get; init; }

    public DateTimeOffset? ReadAt { get; init; }

    public static ModelMessage Of(Message message) => new(message.Key.Sequence, message.Role, message.Text, message.CreatedAt)
    {
        Revision = message.Revision,
        UpdatedAt = message.UpdatedAt,
        Quoted = message.Quoted,
        Thread = message.Thread,
        Ticket = message.Ticket,
        ExternalId = message.ExternalId,
        Feedback = message.Feedback,
        EditedBy = message.EditedBy,
        DeletedBy = message.DeletedBy,
        ReadAt = message.ReadAt,
    };
}

/// <summary>A ticket as every read path must return it.</summary>
internal sealed record ModelTicket(int Number, string? Title, DateTimeOffset CreatedAt, int FirstMessage)
{
    public int Revision { get; init; } = 1;

    public TicketStatus Status { get; init; } = TicketStatus.Pending;

    public DateTimeOffset UpdatedAt { get; init; } = CreatedAt;

    public DateTimeOffset? FinishedAt { get; init; }

    public int? LastMessage { get; init; }

    public static ModelTicket Of(Ticket ticket) => new(ticket.Number, ticket.Title, ticket.CreatedAt, ticket.FirstMessage)
    {
        Revision = ticket.Revision,
        Status = ticket.Status,
        UpdatedAt = ticket.UpdatedAt,
        FinishedAt = ticket.FinishedAt,
        LastMessage = ticket.LastMessage,
    };
}

/// <summary>The properties of a conversation that a client can change.</summary>
internal sealed record ModelSettings(string? Title, string? Metadata, bool AutoReplyEnabled, DateTimeOffset? HandedOffUntil);

/// <summary>
/// A conversation in memory, written from docs/api.md: each method carries out one request and returns its response.
/// </summary>
internal sealed class ConversationModel(ModelSettings settings)
{
    private readonly Dictionary<string, (string Body, int Number)> keys = [];
    private readonly Dictionary<string, int> externals = [];

    /// <summary>By number, from 1.</summary>
    public List<ModelMessage> Messages { get; } = [];

    /// <summary>By number, from 1.</summary>
    public List<ModelTicket> Tickets { get; } = [];

    /// <summary>The ids of the threads, by the number of the message that starts each.</summary>
    public SortedDictionary<int, Guid> Threads { get; } = [];

    public ModelSettings Settings { get; private set; } = settings;

    public int Revision { get; private set; } = 1;

    public int ReadUpTo { get; private set; }

    public DateTimeOffset? LastReadAt { get; private set; }

    public int Unread => Messages.Count(message => message.Role == MessageRole.Customer && message.DeletedBy is null && message.Number > ReadUpTo);

    public int? OpenTicket => Tickets.Find(ticket => ticket.Status != TicketStatus.Completed)?.Number;

    /// <summary>The text that a quote of the message shows, or null if the message is deleted.</summary>
    public string? QuotedText(int number) => Messages[number - 1] is { DeletedBy: null } message ? message.Text : null;

    /// <summary>Adds a thread, unless it is there already.</summary>
    public void AddThread(int number, Guid id) => Revision += Threads.TryAdd(number, id) ? 1 : 0;

    /// <summary>The messages of a thread and of some tickets; null means all.</summary>
    public List<ModelMessage> Matching(Guid? thread, IReadOnlyList<int>? tickets) =>
        Messages.FindAll(message => (thread is null || message.Thread == thread) && (tickets is null || tickets.Any(number => message.Ticket == number)));

    public ModelResponse Append(Draft draft, DateTimeOffset now)
    {
        var body = string.Join('\n', draft.Body());
        if (draft.Key is not null && keys.TryGetValue(draft.Key, out var known))
        {
            return known.Body == body ? new ModelResponse(null, known.Number, 1, Replayed: true) : new ModelResponse(ErrorCode.IdempotencyKeyReused);
        }

        if (draft.ExternalId is not null && externals.TryGetValue(body, out var first))
        {
            if (draft.Key is not null)
            {
                keys.Add(draft.Key, (body, first));
            }

            return new ModelResponse(null, first, 1, Replayed: true);
        }

        if ((draft.Quoted is { } quoted && !Has(quoted)) || (draft.Thread is { } thread && !Threads.ContainsKey(thread)))
        {
            return new ModelResponse(ErrorCode.InvalidFields);
        }

        var message = new ModelMessage(Messages.Count + 1, draft.Role, draft.Text, now)
        {
            Quoted = draft.Quoted,
            Thread = draft.Thread is { } start ? Threads[start] : null,
            Ticket = OpenTicket,
            ExternalId = draft.ExternalId,
        };
        Messages.Add(message);
        Revision++;
        if (draft.Key is not null)
        {
            keys.Add(draft.Key, (body, message.Number));
        }

        if (draft.ExternalId is not null)
        {
            externals.Add(body, message.Number);
        }

        return new ModelResponse(null, message.Number, 1);
    }

    public ModelResponse Edit(int number, string text, string editor, int? expected, DateTimeOffset now) =>
        ChangeMessage(number, expected, message => message with { Text = text, EditedBy = editor }, now);

    public ModelResponse GiveFeedback(int number, string? feedback, int? expected, DateTimeOffset now) =>
        ChangeMessage(number, expected, message => message with { Feedback = feedback }, now);

    public ModelResponse Delete(int number, string deleter, int? expected, DateTimeOffset now) => Has(number) && Messages[number - 1].DeletedBy is not null
        ? new ModelResponse(null, number, Messages[number - 1].Revision)
        : ChangeMessage(number, expected, message => message with { Text = "", Feedback = null, Quoted = null, DeletedBy = deleter }, now);

    /// <summary>Marks messages as read up to a number; null means the last one.</summary>
    public ModelResponse Read(int? number, DateTimeOffset now)
    {
        if (number is { } named && !Has(named))
        {
            return new ModelResponse(ErrorCode.InvalidFields);
        }

        var target = number ?? Messages.Count;
        if (target > ReadUpTo)
        {
            for (var i = ReadUpTo; i < target; i++)
            {
                Messages[i] = Messages[i].Role == MessageRole.Customer ? Messages[i] with { ReadAt = now } : Messages[i];
            }

            (ReadUpTo, LastReadAt) = (target, now);
            Revision++;
        }

        return new ModelResponse(null, ReadUpTo, Revision);
    }

    public ModelResponse Patch(ModelSettings changed, int? expected)
    {
        if (expected is not null && expected != Revision)
        {
            return new ModelResponse(ErrorCode.StaleRevision);
        }

        Revision += changed == Settings ? 0 : 1;
        Settings = changed;
        return new ModelResponse(null, 0, Revision);
    }

    public ModelResponse OpenTicketOf(string? title, DateTimeOffset now)
    {
        if (OpenTicket is not null)
        {
            return new ModelResponse(ErrorCode.TicketOpen);
        }

        Tickets.Add(new ModelTicket(Tickets.Count + 1, title, now, Messages.Count + 1));
        Revision++;
        return new ModelResponse(null, Tickets.Count, 1);
    }

    public ModelResponse ChangeTicket(int number, string? title, TicketStatus status, int? expected, DateTimeOffset now)
    {
        var before = Tickets[number - 1];
        if (expected is not null && expected != before.Revision)
        {
            return new ModelResponse(ErrorCode.StaleRevision);
        }

        if (status != before.Status && status != before.Status + 1)
        {
            return new ModelResponse(ErrorCode.TicketStatus);
        }

        var after = before with { Title = title, Status = status };
        if (after != before)
        {
            after = after with { Revision = before.Revision + 1, UpdatedAt = now };
            Tickets[number - 1] = status == TicketStatus.Completed && before.Status != status
                ? after with { FinishedAt = now, LastMessage = Messages.Count }
                : after;
            Revision++;
        }

        return new ModelResponse(null, number, Tickets[number - 1].Revision);
    }

    public bool Has(int number) => number > 0 && number <= Messages.Count;

    private ModelResponse ChangeMessage(int number, int? expected, Func<ModelMessage, ModelMessage> change, DateTimeOffset now)
    {
        if (!Has(number))
        {
            return new ModelResponse(ErrorCode.MessageNotFound);
        }

        var message = Messages[number - 1];
        if (message.DeletedBy is not null)
        {
            return new ModelResponse(ErrorCode.MessageDeleted);
        }

        if (expected is not null && expected != message.Revision)
        {
            return new ModelResponse(ErrorCode.StaleRevision);
        }

        Messages[number - 1] = change(message) with { Revision = message.Revision + 1, UpdatedAt = now };

        // Every change is logged under a revision of the head.
        Revision++;
        return new ModelResponse(null, number, message.Revision + 1);
    }
}
