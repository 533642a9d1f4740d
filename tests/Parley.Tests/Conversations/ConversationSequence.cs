using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>Random requests by seed, each sent to Parley and to the model, whose responses must be equal.</summary>
internal sealed class ConversationSequence(int seed)
{
    /// <summary>A number that no message has.</summary>
    private const int Unknown = 1000;

    /// <summary>
    /// Lengths around that of a preview, which must not end with half a surrogate pair, and rarely longer than one
    /// property.
    /// </summary>
    private static readonly string[] Texts = ["", new('x', 500), new('x', 501), "x" + string.Concat(Enumerable.Repeat("😀", 250))];

    private static readonly string LongText = new('y', 40_000);

    private readonly VirtualTime time = new();
    private readonly Random random = new(seed);
    private readonly List<string> steps = [];
    private readonly List<Draft> sent = [];
    private readonly ConversationModel model = new(new ModelSettings("title", null, AutoReplyEnabled: true, HandedOffUntil: null));
    private readonly Dictionary<int, Guid> messageIds = [];
    private readonly Dictionary<int, Guid> ticketIds = [];
    private ParleyProcess process = null!;
    private ParleyProcess current = null!;
    private ParleyProcess earlier = null!;
    private EntityRef<ConversationKey> id;

    public async Task RunAsync()
    {
        var tables = new StrictTables(time);
        process = current = new ParleyProcess(tables.Connect(), time, seed);
        earlier = new ParleyProcess(EarlierVersion.Connect(tables), time, seed + 1);
        var isUpdating = random.Next(2) == 0;
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var draft = new NewConversation("title", "web", null, random.Next(2) == 0 ? "+49" : null, "Ada", null, null);
        var (created, _) = await process.Creation.CreateAsync(Appends.Tenant, draft, null, CancellationToken.None);
        id = new EntityRef<ConversationKey>(created.Key, random.Next(2) == 0 ? null : created.Check);
        var readings = new ConversationReadings(current, created.Key, model, ticketIds, random);
        try
        {
            // Half of the sequences are also checked at one point before their end.
            var count = random.Next(15, 19);
            var midway = random.Next(2 * count);
            for (var i = 0; i < count; i++)
            {
                process = isUpdating && random.Next(3) == 0 ? earlier : current;
                await StepAsync(i);
                if (i == midway)
                {
                    steps.Add("(read all)");
                    await readings.VerifyAsync();
                }
            }

            steps.Add("(read all)");
            await readings.VerifyAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Sequence {seed} failed; PARLEY_SEED={seed} plays it again.\n{string.Join('\n', steps)}\n{e.Message}", e);
        }
    }

    private Task StepAsync(int step)
    {
        time.Advance(random.Next(5) switch
        {
            0 => TimeSpan.Zero,
            1 => TimeSpan.FromTicks(random.Next(1, 100_000)),
            2 => TimeSpan.FromSeconds(random.Next(60)),
            3 => TimeSpan.FromMinutes(random.Next(3)),
            _ => TimeSpan.FromMinutes(random.Next(90)),
        });
        return random.Next(24) switch
        {
            < 10 => AppendAsync(step),
            < 12 => EditAsync(step),
            < 14 => DeleteAsync(step),
            14 => GiveFeedbackAsync(step),
            < 18 => ReadAsync(),
            < 21 => TicketAsync(step),
            21 => ThreadAsync(),
            _ => PatchAsync(step),
        };
    }

    private async Task AppendAsync(int step)
    {
        var draft = NewDraft(step);
        sent.Add(draft);
        await BothAsync(
            $"append {draft with { Text = Shortened(draft.Text) }}",
            model.Append(draft, Now()),
            async () =>
            {
                var message = new NewMessage(draft.Role, draft.Text, 1, "writer", draft.Quoted is { } quoted ? MessageId(quoted) : null)
                {
                    Thread = draft.Thread is { } thread ? ThreadId(thread) : null,
                    ExternalId = draft.ExternalId,
                    ExternalKey = draft.ExternalId is null ? null : IdempotencyKey.OfExternalId(draft.ExternalId, draft.Body()),
                };
                var key = draft.Key is null ? null : IdempotencyKey.Create(draft.Key, draft.Body());
                var appended = await process.Append.AppendAsync(id, message, key, CancellationToken.None);
                Assert.Equal(draft.Text, appended.Message.Text);
                Assert.Equal(messageIds.GetValueOrDefault(appended.Message.Key.Sequence, appended.Message.Id), appended.Message.Id);
                messageIds[appended.Message.Key.Sequence] = appended.Message.Id;
                return new ModelResponse(null, appended.Message.Key.Sequence, appended.Message.Revision, appended.Replayed);
            });
    }

    /// <summary>A new message, or an earlier one sent again: whole, with another text, or with only its key.</summary>
    private Draft NewDraft(int step)
    {
        if (sent.Count > 0 && random.Next(4) == 0)
        {
            var again = sent[random.Next(sent.Count)];
            return random.Next(4) switch
            {
                0 => again with { Text = $"other text {step}" },
                1 => again with { Key = again.Key is null ? $"key {step}" : null },
                _ => again,
            };
        }

        var role = random.Next(5) switch { < 3 => MessageRole.Customer, 3 => MessageRole.Staff, _ => MessageRole.Assistant };
        var text = AnyText($"text {step}");
        return new Draft(
            role,
            text,
            random.Next(3) == 0 ? AnyMessage() : null,
            random.Next(3) == 0 && (model.Threads.Count > 0 || random.Next(8) == 0) ? AnyThread() : null,
            random.Next(4) == 0 ? $"key {step}" : null,
            random.Next(5) == 0 ? $"external {random.Next(4)}" : null);
    }

    private Task EditAsync(int step)
    {
        var (number, text, expected) = (AnyMessage(), AnyText($"edited {step}"), AnyRevision());
        return BothAsync($"edit {number}, If-Match {expected}: {Shortened(text)}", model.Edit(number, text, $"editor {step}", expected, Now()), async () =>
        {
            var edited = await process.Change.EditAsync(id, MessageId(number), text, $"editor {step}", Matches(expected), CancellationToken.None);
            var quoted = edited.Message.Quoted is { } quote ? model.QuotedText(quote) : null;
            Assert.Equal(quoted, edited.Message.Quoted is { } shown ? edited.QuotedTexts.GetValueOrDefault(shown) : null);
            return new ModelResponse(null, edited.Message.Key.Sequence, edited.Message.Revision);
        });
    }

    private Task DeleteAsync(int step)
    {
        var (number, expected) = (AnyMessage(), AnyRevision());
        return BothAsync($"delete {number}, If-Match {expected}", model.Delete(number, $"deleter {step}", expected, Now()), async () =>
        {
            var deleted = await process.Change.DeleteAsync(id, MessageId(number), $"deleter {step}", Matches(expected), CancellationToken.None);
            return new ModelResponse(null, deleted.Key.Sequence, deleted.Revision);
        });
    }

    private Task GiveFeedbackAsync(int step)
    {
        var (number, feedback) = (AnyMessage(), random.Next(3) == 0 ? null : $"feedback {step}");
        return BothAsync($"feedback on {number}: {feedback}", model.GiveFeedback(number, feedback, null, Now()), async () =>
        {
            Assert.True(EntityRef.TryParse<MessageKey>(MessageId(number), Appends.Tenant, out var message));
            var (_, changed) = await process.Change.GiveFeedbackAsync(message, feedback, null, CancellationToken.None);
            return new ModelResponse(null, changed.Key.Sequence, changed.Revision);
        });
    }

    private Task ReadAsync()
    {
        int? number = random.Next(2) == 0 ? null : AnyMessage();
        return BothAsync($"read up to {number}", model.Read(number, Now()), async () =>
        {
            var mark = await process.Reading.ReadAsync(id, number is { } named ? MessageId(named) : null, CancellationToken.None);
            return new ModelResponse(null, mark.Message?.Sequence ?? 0, mark.Conversation.Revision);
        });
    }

    private Task TicketAsync(int step)
    {
        if (ticketIds.Count == 0 || random.Next(3) == 0)
        {
            var title = random.Next(2) == 0 ? null : $"ticket {step}";
            return BothAsync("open a ticket", model.OpenTicketOf(title, Now()), async () =>
            {
                var (_, opened) = await process.TicketWriter.OpenAsync(id, title, CancellationToken.None);
                ticketIds.Add(opened.Number, opened.Id);
                return new ModelResponse(null, opened.Number, opened.Revision);
            });
        }

        // Usually the last ticket advances; the title of any ticket may change.
        var number = random.Next(3) > 0 ? ticketIds.Count : random.Next(ticketIds.Count) + 1;
        var before = model.Tickets[number - 1];
        var (status, name) = (random.Next(4) > 0 && before.Status < TicketStatus.Completed ? before.Status + 1 : (TicketStatus)random.Next(1, 4), before.Title);
        if (random.Next(4) == 0)
        {
            (status, name) = (before.Status, random.Next(2) == 0 ? before.Title : $"renamed {step}");
        }

        var expected = AnyRevision();
        return BothAsync($"ticket {number}: {status} '{name}', If-Match {expected}", model.ChangeTicket(number, name, status, expected, Now()), async () =>
        {
            var (_, changed) = await process.TicketWriter.ChangeAsync(
                Appends.Tenant, $"{ticketIds[number]}", ticket => ticket with { Status = status, Title = name }, Matches(expected), CancellationToken.None);
            return new ModelResponse(null, changed.Number, changed.Revision);
        });
    }

    private Task ThreadAsync()
    {
        var number = AnyMessage();
        return BothAsync($"thread of {number}", model.Has(number) ? new ModelResponse(null, number) : new ModelResponse(ErrorCode.InvalidFields), async () =>
        {
            var head = await process.Conversations.GetAsync(id, CancellationToken.None);
            var thread = await process.ThreadCreation.CreateAsync(head, MessageId(number), CancellationToken.None);
            Assert.Equal(messageIds[number], thread.MessageId);
            Assert.Equal(model.Threads.GetValueOrDefault(thread.Sequence, thread.Id), thread.Id);
            model.AddThread(thread.Sequence, thread.Id);
            return new ModelResponse(null, thread.Sequence);
        });
    }

    private Task PatchAsync(int step)
    {
        var changed = random.Next(5) switch
        {
            0 => model.Settings with { Title = random.Next(3) == 0 ? null : $"title {step}" },
            1 => model.Settings with { Metadata = random.Next(3) == 0 ? null : $$"""{"step":{{step}}}""" },
            2 => model.Settings with { AutoReplyEnabled = random.Next(2) == 0 },
            3 => model.Settings with { HandedOffUntil = random.Next(3) == 0 ? null : Now().AddHours(1) },
            _ => model.Settings,
        };
        int? expected = random.Next(4) == 0 ? model.Revision - random.Next(2) : null;
        return BothAsync($"patch {changed}, If-Match {expected}", model.Patch(changed, expected), async () =>
        {
            var head = await process.ConversationChange.ChangeAsync(
                id,
                head => head with
                {
                    Title = changed.Title,
                    Metadata = changed.Metadata,
                    AutoReplyEnabled = changed.AutoReplyEnabled,
                    HandedOffUntil = changed.HandedOffUntil,
                },
                "test",
                Matches(expected),
                CancellationToken.None);
            return new ModelResponse(null, 0, head.Revision);
        });
    }

    private async Task BothAsync(string step, ModelResponse expected, Func<Task<ModelResponse>> request)
    {
        steps.Add(step);
        ModelResponse actual;
        try
        {
            actual = await request();
        }
        catch (ParleyException e)
        {
            actual = new ModelResponse(e.Code);
        }

        Assert.Equal(expected, actual);
    }

    private DateTimeOffset Now() => time.NowInMilliseconds();

    private int AnyMessage() => model.Messages.Count == 0 || random.Next(20) == 0
        ? Unknown
        : random.Next(3) == 0 ? model.Messages.Count : random.Next(model.Messages.Count) + 1;

    private string AnyText(string ordinary) => random.Next(300) switch
    {
        0 => LongText,
        < 30 => Texts[random.Next(Texts.Length)],
        _ => ordinary,
    };

    private int AnyThread() => model.Threads.Count == 0 || random.Next(12) == 0 ? Unknown : model.Threads.Keys.ElementAt(random.Next(model.Threads.Count));

    private int? AnyRevision() => random.Next(4) == 0 ? random.Next(1, 3) : null;

    private static Func<int, bool>? Matches(int? expected) => expected is null ? null : revision => revision == expected;

    /// <summary>
    /// Either form of a message's id; an unknown one has a number out of range or the wrong check digits.
    /// </summary>
    private string MessageId(int number)
    {
        if (number == Unknown)
        {
            var other = new EntityId(EntityKind.Message, id.Key, Math.Max(1, model.Messages.Count), 5);
            return random.Next(2) == 0 ? $"{new MessageKey(id.Key, Unknown).IntegerId}" : $"{other.ToGuid()}";
        }

        return random.Next(2) == 0 ? $"{new MessageKey(id.Key, number).IntegerId}" : $"{messageIds[number]}";
    }

    private string ThreadId(int number) => number == Unknown ? "no thread" : $"{model.Threads[number]}";

    private static string Shortened(string text) => text.Length > 30 ? $"{text[..10]}… ({text.Length})" : text;
}
