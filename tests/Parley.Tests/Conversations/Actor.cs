using Azure;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>
/// A client with a process of its own. It sends random requests, and resends a keyed one until it receives a response,
/// also after its process has died and another one has replaced it.
/// </summary>
internal sealed class Actor(Model model, string name, int seed, Func<Random, Func<TableCall, Fault>?> newFaults)
{
    private const int MaxTries = 6;
    private readonly Random random = new(seed);
    private ParleyProcess? process;
    private int started;

    public async Task RunAsync(int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            var request = new Request($"{name}.{i}");
            await (random.Next(13) switch
            {
                < 5 => AppendAsync(request, keyed: random.Next(2) == 0),
                < 7 => EditAsync(request),
                7 => EditAsync(new Request(request.Name) { Deletes = true }),
                8 => CreateAsync(request, keyed: true),
                9 => CreateAsync(request, keyed: random.Next(2) == 0),
                10 => ReadAsync(request),
                11 => PatchAsync(request),
                _ => TicketAsync(request),
            });
        }
    }

    /// <summary>Sends the message of this name under the key of this name; other actors may send the same.</summary>
    public Task AppendSharedAsync(Request request) => AppendAsync(request, keyed: true);

    private Task AppendAsync(Request request, bool keyed)
    {
        if (!model.Appends.Contains(request))
        {
            model.Appends.Add(request);
        }

        var conversation = model.Conversations[keyed && request.Name == Scenario.Shared ? 0 : random.Next(model.Conversations.Count)];
        var role = random.Next(2) == 0 ? MessageRole.Customer : MessageRole.Staff;
        var message = new NewMessage(request.Name == Scenario.Shared ? MessageRole.Customer : role, $"text of {request.Name}", 1, request.Name, null);
        var key = keyed ? IdempotencyKey.Create(request.Name, [message.Text]) : null;
        return SendAsync(request, keyed, async () =>
        {
            var appended = await Process().Append.AppendAsync(
                new EntityRef<ConversationKey>(conversation, null), message, key, CancellationToken.None);
            request.Message = appended.Message.Key;
        });
    }

    private Task EditAsync(Request request)
    {
        var known = model.Appends.Where(append => append.Message is not null).Select(append => append.Message!.Value).ToList();
        if (known.Count == 0)
        {
            return Task.CompletedTask;
        }

        // Usually the last message, because editing it also changes the head.
        var message = random.Next(3) > 0 ? known.MaxBy(key => (key.Conversation.Number, key.Sequence)) : known[random.Next(known.Count)];
        request.Message = message;
        model.Edits.Add(request);
        Func<int, bool>? expected = random.Next(3) == 0 ? revision => revision == 1 : null;
        return SendAsync(request, keyed: false, async () =>
        {
            if (request.Deletes)
            {
                var deleted = await Process().Change.DeleteAsync(
                    new EntityRef<ConversationKey>(message.Conversation, null), $"{message.IntegerId}", request.Name, expected, CancellationToken.None);
                request.Revision = deleted.DeletedBy == request.Name ? deleted.Revision : null;
                return;
            }

            var edited = await Process().Change.EditAsync(
                new EntityRef<ConversationKey>(message.Conversation, null), $"{message.IntegerId}", request.Name, name, expected, CancellationToken.None);
            request.Revision = edited.Message.Revision;
        });
    }

    private Task ReadAsync(Request request) => SendAsync(request, keyed: false, async () =>
    {
        var mark = await Process().Reading.ReadAsync(AnyConversation(), null, CancellationToken.None);
        model.Read.Add(mark);
    });

    private Task PatchAsync(Request request)
    {
        var conversation = AnyConversation();
        model.Patches.Add((conversation.Key, request));
        return SendAsync(request, keyed: false, async () =>
        {
            var patched = await Process().ConversationChange.ChangeAsync(
                conversation, head => head with { Metadata = request.Name }, "test", null, CancellationToken.None);
            Assert.Equal(request.Name, patched.Metadata);
        });
    }

    /// <summary>Opens a ticket, or advances the open one to its next status.</summary>
    private Task TicketAsync(Request request) => SendAsync(request, keyed: false, async () =>
    {
        var conversation = AnyConversation();
        var own = Process();
        var head = await own.Conversations.GetAsync(conversation, CancellationToken.None);
        if (head.OpenTicket is { } number && await own.Tickets.FindAsync(head.Key, number, CancellationToken.None) is { } open)
        {
            await own.TicketWriter.ChangeAsync(head.Key.Tenant, $"{open.Id}", ticket => ticket with { Status = open.Status + 1 }, null, CancellationToken.None);
        }
        else
        {
            await own.TicketWriter.OpenAsync(conversation, request.Name, CancellationToken.None);
        }
    });

    private EntityRef<ConversationKey> AnyConversation() => new(model.Conversations[random.Next(model.Conversations.Count)], null);

    private Task CreateAsync(Request request, bool keyed)
    {
        model.Creations.Add(request);
        var draft = new NewConversation(request.Name, "web", null, null, null, null, null);
        var key = keyed ? IdempotencyKey.Create(request.Name, [request.Name]) : null;
        return SendAsync(request, keyed, async () =>
            model.Conversations.Add((await Process().Creation.CreateAsync(OnStrictTables.Appends.Tenant, draft, key, CancellationToken.None)).Conversation.Key));
    }

    private async Task SendAsync(Request request, bool keyed, Func<Task> send)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await send();
                request.Outcome = request.Deletes && request.Revision is null ? Outcome.NotStored : Outcome.Stored;
                return;
            }
            catch (ParleyException e) when (e.Code == ErrorCode.StaleRevision || e.Code == ErrorCode.Busy || e.Code.Kind == ErrorKind.Conflict)
            {
                // Another attempt at the same request may still be in flight, or come from another actor.
                if (tries == 1 && request.Name != Scenario.Shared)
                {
                    request.Outcome = Outcome.NotStored;
                }
            }
            catch (ParleyException e) when (e.Code == ErrorCode.StorageUnavailable)
            {
                request.Outcome = Outcome.Unknown;
            }
            catch (CrashException)
            {
                request.Outcome = Outcome.Unknown;
                process = null;
            }
            catch (Exception e) when (e is RequestFailedException or OperationCanceledException)
            {
                // A read without a response from storage; the HTTP layer returns storage_unavailable.
                request.Outcome = Outcome.Unknown;
            }

            if (!keyed || tries == MaxTries)
            {
                return;
            }

            request.Outcome = Outcome.Unknown;
            await Task.Delay(TimeSpan.FromSeconds(1 + random.Next(30)), model.Run.Time);
        }
    }

    private ParleyProcess Process() => process ??= model.Start($"{name}{(started++ == 0 ? "" : $"/{started}")}", seed * 100 + started, newFaults(random));
}
