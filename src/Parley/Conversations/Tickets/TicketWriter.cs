using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.Tickets;

/// <summary>
/// Opens and edits tickets. The head contains the number of the open ticket, so every change of a ticket is one
/// transaction under the head's ETag. Therefore no append can take a ticket that is being closed, and no two tickets
/// are open at once.
/// </summary>
public sealed class TicketWriter(
    TicketReader reader,
    ConversationTransaction transaction,
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
        return await transaction.EditAsync(
            id,
            _ => Task.FromResult(true),
            (head, _, plan, _) =>
            {
                if (head.OpenTicket is { } open)
                {
                    throw ErrorCode.TicketOpen.With($"Ticket {open} of this chat is not completed.");
                }

                var ticket = new Ticket
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
                ArgumentOutOfRangeException.ThrowIfGreaterThan(ticket.Number, TicketReader.MaxNumber);
                plan.Next = head with { Tickets = ticket.Number, OpenTicket = ticket.Number };
                plan.Add(TicketRow.Create(ticket));
                plan.Log(ChangeType.TicketCreated, ticket.Id, ticket.Revision);
                return Task.FromResult(ticket);
            },
            cancellation);
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
        return await transaction.EditAsync(
            new EntityRef<ConversationKey>(ticket.Conversation, null),
            OptimisticUpdate.StartWith(
                ticket, async token => (await reader.FindAsync(ticket.Conversation, ticket.Number, token))!),
            (head, current, plan, _) =>
            {
                Revisions.Require(expected, current.Revision, "ticket");
                var changed = WithCheckedStatus(current, change(current), head, at);
                if (changed != current)
                {
                    changed = changed with { Revision = current.Revision + 1, UpdatedAt = at };
                    var closes = current.Status != TicketStatus.Completed && changed.Status == TicketStatus.Completed;
                    plan.Next = head with { OpenTicket = closes ? null : head.OpenTicket };
                    plan.Add(new TableTransactionAction(
                        TableTransactionActionType.UpdateReplace, TicketRow.Create(changed), current.ETag));
                    plan.Log(
                        closes ? ChangeType.TicketCompleted : ChangeType.TicketUpdated, changed.Id, changed.Revision);
                }

                return Task.FromResult(changed);
            },
            cancellation);
    }

    private static Ticket WithCheckedStatus(Ticket before, Ticket after, Conversation head, DateTimeOffset at)
    {
        if (after.Status == before.Status)
        {
            return after;
        }

        if (before.Status == TicketStatus.Completed || after.Status != before.Status + 1)
        {
            throw ErrorCode.TicketStatus.With(
                $"A {NameOf(before)} ticket cannot become {NameOf(after)}: "
                + "tickets go from pending to ongoing to completed.");
        }

        return after.Status == TicketStatus.Completed ? after with { FinishedAt = at, LastMessage = head.Last } : after;

        static string NameOf(Ticket ticket) => ticket.Status.ToString().ToLowerInvariant();
    }
}
