using Parley.Core;
using Parley.Senders;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Storage;

/// <summary>
/// Two edits by another process between an edit's read and its write. The conflict is definite, so the edit is applied
/// to the new state, or refused with 412 when the client expects the old revision. Only after a lost response is the
/// outcome unknown.
/// </summary>
public sealed class EditRaceTests
{
    public static TheoryData<string> Kinds => ["sender", "chatbot", "conversation", "message", "ticket"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_edit_is_applied_after_two_others(string kind)
    {
        var race = await Race.NewAsync(kind);

        var revision = await race.EditAsync(expected: null);

        Assert.Equal(race.FirstRevision + 3, revision);
        Assert.Equal(2, race.OtherEdits);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_edit_of_an_expected_revision_is_refused_after_two_others(string kind)
    {
        var race = await Race.NewAsync(kind);

        var refused = await Assert.ThrowsAsync<ParleyException>(() => race.EditAsync(
            revision => revision == race.FirstRevision));

        Assert.Equal(ErrorCode.StaleRevision, refused.Code);
        Assert.Equal(2, race.OtherEdits);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_edit_that_was_sent_twice_and_overtaken_twice_has_an_unknown_outcome(string kind)
    {
        // The response to the first request is lost, and the storage client sends it again by itself. Meanwhile two
        // other edits were stored, so the 412 to the second request does not show what became of the first.
        var race = await Race.NewAsync(kind, retries: 1, Fault.LostAfter);

        var unknown = await Assert.ThrowsAsync<ParleyException>(() => race.EditAsync(expected: null));

        Assert.Equal(ErrorCode.StorageUnavailable, unknown.Code);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_edit_that_was_sent_twice_is_applied_once(string kind)
    {
        var race = await Race.NewAsync(kind, retries: 1, Fault.LostAfter, otherEdits: 0);

        Assert.Equal(race.FirstRevision + 1, await race.EditAsync(expected: null));
    }

    [Fact]
    public async Task A_hundred_edits_of_a_hundred_senders_do_not_wait_for_each_other()
    {
        var time = TimeProvider.System;
        var gate = new TaskCompletionSource();
        var tables = new StrictTables(time);
        await Appends.NewConversationAsync(tables, time);
        var setup = new ParleyProcess(tables.Connect("setup"), time, seed: 0);
        var senders = new List<Sender>();
        for (var i = 0; i < 100; i++)
        {
            senders.Add(await setup.SenderWriter.CreateAsync(
                Appends.Tenant, sender => sender with { Name = "Before" }, CancellationToken.None));
        }

        // No read is carried out before all edits have begun.
        var process = new ParleyProcess(
            tables.Connect("edits", new TableHooks { Before = async (_, _) => await gate.Task }), time, seed: 1);
        var edits = senders.Select(sender => process.SenderWriter.ChangeAsync(
            new EntityRef<SenderKey>(sender.Key, sender.Check),
            before => before with { Name = "After" },
            expected: null,
            CancellationToken.None)).ToList();
        gate.SetResult();

        Assert.All(await Task.WhenAll(edits), sender => Assert.Equal(("After", 2), (sender.Name, sender.Revision)));
    }

    /// <summary>An entity, a process that edits it, and other edits before the first write of that process.</summary>
    private sealed class Race
    {
        private readonly Func<ParleyProcess, Func<int, bool>?, Task<int>> edit;
        private readonly ParleyProcess other;
        private readonly ParleyProcess process;
        private readonly int otherEdits;

        private Race(
            StrictTables tables,
            TimeProvider time,
            Func<ParleyProcess, Func<int, bool>?, Task<int>> edit,
            int firstRevision,
            int retries,
            Fault fault,
            int otherEdits)
        {
            (this.edit, this.otherEdits, FirstRevision) = (edit, otherEdits, firstRevision);
            other = new ParleyProcess(tables.Connect("other"), time, seed: 1);
            var sends = 0;
            process = new ParleyProcess(
                tables.Connect("process", new TableHooks
                {
                    // The first request is carried out before the other edits only when its response is lost.
                    Before = async (call, _) =>
                    {
                        if (IsWrite(call) && sends++ == (fault == Fault.None ? 0 : 1))
                        {
                            await EditElsewhereAsync();
                        }
                    },
                    Fault = call => IsWrite(call) && sends == 1 ? fault : Fault.None,
                }),
                time,
                seed: 2,
                retries: retries);
        }

        public int FirstRevision { get; }

        public int OtherEdits { get; private set; }

        public static async Task<Race> NewAsync(
            string kind, int retries = 0, Fault fault = default, int otherEdits = 2)
        {
            var time = TimeProvider.System;
            var tables = new StrictTables(time);
            var conversation = await Appends.NewConversationAsync(tables, time);
            var setup = new ParleyProcess(tables.Connect("setup"), time, seed: 0);
            var (first, edit) = await EditOfAsync(setup, conversation, kind);
            return new Race(tables, time, edit, first, retries, fault, otherEdits);
        }

        /// <returns>The revision after the edit.</returns>
        public Task<int> EditAsync(Func<int, bool>? expected) => edit(process, expected);

        private static bool IsWrite(TableCall call) => call.Kind == TableCallKind.Transaction;

        /// <summary>In an execution context of its own, as in another process.</summary>
        private async Task EditElsewhereAsync()
        {
            Task edits;
            using (ExecutionContext.SuppressFlow())
            {
                edits = Task.Run(async () =>
                {
                    for (; OtherEdits < otherEdits; OtherEdits++)
                    {
                        await edit(other, null);
                    }
                });
            }

            await edits;
        }

        private static async Task<(int Revision, Func<ParleyProcess, Func<int, bool>?, Task<int>> Edit)> EditOfAsync(
            ParleyProcess setup, ConversationKey key, string kind)
        {
            var texts = 0;
            string NewText() => $"text {Interlocked.Increment(ref texts)}";
            var conversation = new EntityRef<ConversationKey>(key, null);
            switch (kind)
            {
                case "sender":
                    var sender = await setup.SenderWriter.CreateAsync(
                        Appends.Tenant, empty => empty with { Name = NewText() }, CancellationToken.None);
                    return (sender.Revision, async (process, expected) => (await process.SenderWriter.ChangeAsync(
                        new EntityRef<SenderKey>(sender.Key, null),
                        before => before with { Name = NewText() },
                        expected,
                        CancellationToken.None)).Revision);
                case "chatbot":
                    var chatbot = await setup.ChatbotWriter.CreateAsync(
                        Appends.Tenant, empty => empty with { Name = NewText() }, CancellationToken.None);
                    return (chatbot.Revision, async (process, expected) => (await process.ChatbotWriter.ChangeAsync(
                        new EntityRef<ChatbotKey>(chatbot.Key, null),
                        before => before with { Name = NewText() },
                        expected,
                        CancellationToken.None)).Revision);
                case "conversation":
                    return (1, async (process, expected) => (await process.ConversationChange.ChangeAsync(
                        conversation,
                        before => before with { Title = NewText() },
                        "test",
                        expected,
                        CancellationToken.None)).Revision);
                case "message":
                    var message = (await Appends.AppendAsync(setup, key, NewText())).Message;
                    return (message.Revision, async (process, expected) => (await process.Change.EditAsync(
                        conversation,
                        $"{message.Id}",
                        NewText(),
                        "test",
                        expected,
                        CancellationToken.None)).Message.Revision);
                default:
                    var (_, ticket) = await setup.TicketWriter.OpenAsync(conversation, NewText(), CancellationToken.None);
                    return (ticket.Revision, async (process, expected) => (await process.TicketWriter.ChangeAsync(
                        Appends.Tenant,
                        $"{ticket.Id}",
                        before => before with { Title = NewText() },
                        expected,
                        CancellationToken.None)).Ticket.Revision);
            }
        }
    }
}
