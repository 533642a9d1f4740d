using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Tickets;

/// <summary>
/// Opens and edits tickets. The head contains the number of the open ticket, so every change of a ticket is one
/// transaction under the head's ETag. Therefore no append can take a ticket that is being closed, and no two tickets
/// are open at once.
/// </summary>
public sealed class TicketWriter(
    TicketReader reader,
    ConversationChange changes,
    TimeProvider time,
    RandomSource random)
{
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.TicketOpen"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the ticket was stored).
    /// </exception>
    public async Task<(Conversation Conversation, Ticket Ticket)> OpenAsync(
        EntityRef<ConversationKey> id,
        string? title,
        CancellationToken cancellation)
    {
        var (check, at) = (random.NextBits(EntityId.CheckBits), time.NowInMilliseconds());
        Ticket? opened = null;
        var conversation = await changes.EditAsync(
            id,
            (head, _) =>
            {
                if (head.OpenTicket is { } open)
                {
                    throw ErrorCode.TicketOpen.With($"Ticket {open} of this chat is not completed.");
                }

                opened = new Ticket
                {
                    Conversation = head.Key,
                    Number = head.Tickets + 1,
                    Check = check,
                    Revision = 1,
                    Status = TicketStatus.Pending,
                    Title = title,
                    CreatedAt = at,
                    UpdatedAt = at,
                    FirstMessage = head.Last + 1,
                };
                ArgumentOutOfRangeException.ThrowIfGreaterThan(opened.Number, TicketReader.MaxNumber);
                return Task.FromResult((
                    head with { Tickets = opened.Number, OpenTicket = opened.Number },
                    new List<TableTransactionAction>
                    {
                        new(TableTransactionActionType.Add, TicketRow.Create(opened)),
                    }));
            },
            cancellation);
        return (conversation, opened!);
    }

    /// <summary>Edits a ticket.</summary>
    /// <param name="id">The ticket's id, as the client sent it.</param>
    /// <param name="change">
    /// Applies the client's edit. The transition of <see cref="Ticket.Status"/> is checked here.
    /// </param>
    /// <param name="expected">Returns true for a revision that the client expects; null when it expects none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TicketNotFound"/>, <see cref="ErrorCode.TicketStatus"/>,
    /// <see cref="ErrorCode.StaleRevision"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/>
    /// (it is not known whether the change was stored).
    /// </exception>
    public async Task<(Conversation Conversation, Ticket Ticket)> ChangeAsync(
        TenantId tenant,
        string id,
        Func<Ticket, Ticket> change,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var (ticket, at) = (await reader.GetAsync(tenant, id, cancellation), time.NowInMilliseconds());
        Ticket? changed = null;
        var conversation = await changes.EditAsync(
            new EntityRef<ConversationKey>(ticket.Conversation, null),
            OptimisticUpdate.StartWith(
                ticket, async token => (await reader.FindAsync(ticket.Conversation, ticket.Number, token))!),
            (head, current, _) =>
            {
                Revisions.Require(expected, current.Revision, "ticket");
                changed = WithCheckedStatus(current, change(current), head, at);
                if (changed == current)
                {
                    return Task.FromResult((head, new List<TableTransactionAction>()));
                }

                changed = changed with { Revision = current.Revision + 1, UpdatedAt = at };
                var closes = current.Status != TicketStatus.Completed && changed.Status == TicketStatus.Completed;
                return Task.FromResult((
                    head with { OpenTicket = closes ? null : head.OpenTicket },
                    new List<TableTransactionAction>
                    {
                        new(TableTransactionActionType.UpdateReplace, TicketRow.Create(changed), current.ETag),
                    }));
            },
            cancellation);
        return (conversation, changed!);
    }

    private static Ticket WithCheckedStatus(Ticket before, Ticket after, Conversation head, DateTimeOffset at)
    {
        if (after.Status == before.Status)
        {
            return after;
        }

        if (after.Status != before.Status + 1)
        {
            throw ErrorCode.TicketStatus.With(
                $"A {NameOf(before)} ticket cannot become {NameOf(after)}: "
                + "tickets go from pending to ongoing to completed.");
        }

        return after.Status == TicketStatus.Completed ? after with { FinishedAt = at, LastMessage = head.Last } : after;

        static string NameOf(Ticket ticket) => ticket.Status.ToString().ToLowerInvariant();
    }
}
