using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>The stored state of a conversation after a run.</summary>
/// <param name="Messages">In order of their numbers.</param>
/// <param name="FollowUps">By number.</param>
/// <param name="Events">The transitions by number and revision.</param>
internal sealed record ConversationState(
    Conversation Head, List<Message> Messages, Dictionary<int, FollowUp> FollowUps, Dictionary<(int Number, int Revision), FollowUpEvent> Events);

/// <summary>
/// The committed writes in their order, and the model to compare them with: the follow-ups' state machine, replayed
/// over the messages and transitions of each transaction, with the schedule rows.
/// </summary>
internal sealed class FollowUpLog(Func<string, DateTimeOffset> clockOf)
{
    private readonly List<Entry> entries = [];

    /// <summary>Receives each call that the service has carried out.</summary>
    public void Note(TableCall call, int status)
    {
        var isCommit = call is { Table: "Conversations", Kind: TableCallKind.Transaction } && call.RowKeys.Contains(ConversationRowKeys.Head);
        if (status < 300 && call.IsWrite && call.PartitionKey is not null && (isCommit || ScheduleForms.Contains(call.Table)))
        {
            entries.Add(new Entry(call, clockOf(call.Process)));
        }
    }

    /// <summary>Replays the writes of one conversation.</summary>
    /// <returns>The numbers of follow-ups that Parley sent and gave up.</returns>
    public (int Sent, int GivenUp) Verify(ConversationState state)
    {
        var model = new Model(state);
        foreach (var entry in entries)
        {
            if (ScheduleForms.Contains(entry.Call.Table))
            {
                model.ChangeDue(entry.Call);
            }
            else if (entry.Call.PartitionKey == state.Head.Key.PartitionKey)
            {
                model.Commit(entry);
            }
        }

        model.VerifyEnd();
        return (model.Sent, model.GivenUp);
    }

    private sealed record Entry(TableCall Call, DateTimeOffset Clock);

    private sealed class Model(ConversationState state)
    {
        /// <summary>The revision in rows of the broken copy that ignores revisions.</summary>
        private const int AnyRevision = 0;

        private readonly Dictionary<int, (FollowUpStatus Status, int Revision)> known = [];
        private readonly HashSet<(string Partition, string RowKey)> due = [];
        private readonly Dictionary<int, FollowUpValues> values = [];

        // The message that existed from the beginning.
        private Message last = state.Messages[0];

        private DateTimeOffset? handedOffUntil;

        public int Sent { get; private set; }

        public int GivenUp { get; private set; }

        private IEnumerable<(int Number, int Revision)> Pending =>
            known.Where(one => one.Value.Status == FollowUpStatus.Pending).Select(one => (one.Key, one.Value.Revision));

        public void ChangeDue(TableCall call)
        {
            for (var i = 0; i < call.RowKeys.Count; i++)
            {
                var row = (call.PartitionKey!, call.RowKeys[i]);
                if (!row.Item2.StartsWith(FollowUpRowKeys.ScheduledFollowUps, StringComparison.Ordinal) || FollowUpRowKeys.ReadScheduledFollowUp(row.Item2).Conversation != state.Head.Key)
                {
                    continue;
                }

                if (call.Operations[i] == TableCallKind.Delete)
                {
                    due.Remove(row);
                    VerifyFound(call);
                }
                else
                {
                    due.Add(row);
                }
            }
        }

        public void Commit(Entry entry)
        {
            Assert.True(entry.Call.MarksHead(), $"{entry.Call}: the head is written without its mark.");
            var keys = entry.Call.RowKeys;
            var appended = keys.Where(key => key.StartsWith("m|", StringComparison.Ordinal)).Select(key => state.Messages[KeyParts.LastNumber(key) - 1]).SingleOrDefault();
            var transitions = keys.Where(key => key.StartsWith("fe|", StringComparison.Ordinal)).Select(Transition).ToList();
            foreach (var (number, revision) in transitions)
            {
                var transition = state.Events[(number, revision)];
                var (status, before) = known.TryGetValue(number, out var one) ? ((FollowUpStatus?)one.Status, one.Revision) : (null, 0);
                Assert.True(before + 1 == revision, $"{entry.Call}: follow-up {number} goes from revision {before} to {revision}.");
                Assert.True(status == transition.From, $"{entry.Call}: {transition} of a follow-up that is {status}.");
                VerifyOrder(entry, transition, number);
                values[number] = FollowUpValues.After(values.GetValueOrDefault(number), entry.Call, FollowUpRowKeys.FollowUp(number));
                VerifyAllowed(entry, transition, appended, values[number]);
                known[number] = (transition.To, revision);
            }

            VerifyFound(entry.Call);
            if (entry.Call.Operations[keys.ToList().IndexOf(ConversationRowKeys.Head)] == TableCallKind.UpdateReplace)
            {
                var until = entry.Call.Written(ConversationRowKeys.Head, "HandedOffUntil") is DateTime written ? new DateTimeOffset(written) : (DateTimeOffset?)null;
                Assert.True(until == handedOffUntil || !(until > entry.Clock) || !Pending.Any(), $"{entry.Call}: after the hand-off some are pending.");
                handedOffUntil = until;
            }

            if (appended is not null)
            {
                Assert.True(appended.Role != MessageRole.Customer || !Pending.Any(), $"{entry.Call}: after the customer's message some are pending.");
                Assert.Equal(FollowUpModel.IsFollowUp(appended) ? 1 : 0, transitions.Count(one => state.Events[one].To == FollowUpStatus.Sent));
                last = appended;
            }
        }

        /// <summary>Compares the stored rows with the replayed state.</summary>
        public void VerifyEnd()
        {
            Assert.Equal(state.FollowUps.Values.Select(one => (one.Number, one.Status, one.Revision)).Order(), known.Select(one => (one.Key, one.Value.Status, one.Value.Revision)).Order());
            Assert.Equal(state.Head.Pending.Select(one => (one.Number, one.Revision)).Order(), Pending.Order());
            Assert.All(state.FollowUps.Values, one => Assert.Equal(values[one.Number], FollowUpValues.Of(one)));
            Assert.All(state.FollowUps.Values.Where(one => one.Status == FollowUpStatus.Pending), one =>
            {
                var (own, ofAny) = (IndexedFollowUp.Of(one).Scheduled, IndexedFollowUp.Of(one with { Revision = AnyRevision }).Scheduled);
                Assert.True(
                    due.Select(row => ScheduleForms.Row(row.Partition, row.RowKey)).Any(row => row.IsOf(own) || row.IsOf(ofAny)),
                    $"Follow-up {one.Number} is pending without a schedule row at its time.");
            });
        }

        /// <summary>A pending follow-up has a schedule row for the timer at every moment.</summary>
        private void VerifyFound(TableCall call) => Assert.All(Pending, one => Assert.True(
            due.Any(row => FollowUpRowKeys.ReadScheduledFollowUp(row.RowKey) is var key && key.Number == one.Number && (key.Revision == one.Revision || key.Revision == AnyRevision)),
            $"{call}: follow-up {one} is pending without a schedule row."));

        /// <summary>The transitions that docs/api.md allows, and those that Parley makes itself.</summary>
        private void VerifyAllowed(Entry entry, FollowUpEvent transition, Message? appended, FollowUpValues followUp)
        {
            var allowed = (transition.From, transition.To) switch
            {
                (null or FollowUpStatus.Cancelled or FollowUpStatus.Failed, FollowUpStatus.Pending) => appended is null && last.Role != MessageRole.Customer,
                (FollowUpStatus.Pending, FollowUpStatus.Cancelled) => appended is { Role: MessageRole.Customer } == (transition.Reason == FollowUpReasons.CustomerReplied),
                (FollowUpStatus.Pending, FollowUpStatus.Sent) => appended is not null == (transition.Actor == FollowUpEvent.Parley),
                (FollowUpStatus.Pending, _) => appended is null,

                // A client's change of an ended follow-up's other fields.
                _ => transition.From == transition.To && appended is null && transition.Actor != FollowUpEvent.Parley,
            };
            var begins = transition.To == FollowUpStatus.Pending && transition.From != FollowUpStatus.Pending;
            Assert.True(!begins || !(handedOffUntil > entry.Clock), $"{entry.Call}: {transition} while a human answers.");
            Assert.True(transition.To == FollowUpStatus.Pending == followUp.FinishedAt is null, $"{entry.Call}: {transition}, finished at {followUp.FinishedAt:O}.");
            Assert.True(allowed, $"{entry.Call}: {transition} with message {appended?.Role} after {last.Role}.");
            if (transition is { From: FollowUpStatus.Pending, To: FollowUpStatus.Sent, Actor: FollowUpEvent.Parley })
            {
                Sent++;
                Assert.True(!(handedOffUntil > entry.Clock), $"{entry.Call}: sent while a human answers, until {handedOffUntil:O}.");
                Assert.True(appended!.Id == followUp.MessageId, $"{entry.Call}: sent again as {followUp.MessageId}.");
                Assert.Equal(followUp.Text, appended.Text);
                Assert.True(followUp.DueAt <= entry.Clock, $"{entry.Call}: due at {followUp.DueAt:O}, sent at {entry.Clock:O}.");
            }

            GivenUp += transition is { From: FollowUpStatus.Pending, Reason: FollowUpReasons.DeliveryFailed } ? 1 : 0;
        }

        /// <summary>
        /// None of the follow-ups that are pending when one is sent has an earlier due date, or the same one and an
        /// earlier creation. Numbers are given in the order of creation.
        /// </summary>
        private void VerifyOrder(Entry entry, FollowUpEvent transition, int number)
        {
            if (transition is { To: FollowUpStatus.Sent, Actor: FollowUpEvent.Parley })
            {
                var earlier = Pending.Where(other => (values[other.Number].DueAt, other.Number).CompareTo((values[number].DueAt, number)) < 0);
                Assert.True(!earlier.Any(), $"{entry.Call}: follow-up {number} is sent before {string.Join(", ", earlier)}.");
            }
        }

        private static (int Number, int Revision) Transition(string rowKey)
        {
            var parts = rowKey.Split('|');
            return (KeyParts.LastNumber($"|{parts[1]}"), KeyParts.LastNumber(rowKey));
        }
    }
}

/// <summary>The values of a follow-up that a client can change, as the committed writes made them.</summary>
internal sealed record FollowUpValues(DateTimeOffset DueAt, string Text, string? Reason, DateTimeOffset? FinishedAt, Guid? MessageId, Guid TriggerId)
{
    public static FollowUpValues Of(FollowUp one) => new(one.DueAt, one.Text, one.Reason, one.FinishedAt, one.MessageId, one.TriggerId);

    /// <summary>The values after a write of the follow-up's row: a merge keeps the properties that it leaves out.</summary>
    public static FollowUpValues After(FollowUpValues? before, TableCall call, string rowKey)
    {
        var kept = call.Operations[call.RowKeys.ToList().IndexOf(rowKey)] == TableCallKind.UpdateMerge ? before : null;
        return new(
            TimeOf("DueAt") ?? kept!.DueAt,
            call.Written(rowKey, "Text") as string ?? kept!.Text,
            call.Written(rowKey, "Reason") as string ?? kept?.Reason,
            TimeOf("FinishedAt") ?? kept?.FinishedAt,
            call.Written(rowKey, "MessageId") as Guid? ?? kept?.MessageId,
            call.Written(rowKey, "TriggerId") as Guid? ?? kept!.TriggerId);

        DateTimeOffset? TimeOf(string property) => call.Written(rowKey, property) is DateTime written ? new DateTimeOffset(written) : null;
    }
}
