using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using Parley.Conversations;
using Parley.Files;
using Parley.FollowUps;
using Parley.Messages;
using Parley.Senders;
using Parley.Storage;
using Parley.Testing;
using Parley.Threads;
using Parley.Tickets;

namespace Parley.Tests.OnStrictTables;

/// <summary>Parley's features as one process has them: its own connection, locks and randomness.</summary>
internal sealed class ParleyProcess
{
    /// <summary>Makes one.</summary>
    /// <param name="connection">Its connection.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="seed">Of its randomness.</param>
    /// <param name="queue">Where its follow-ups wait; null for one that forgets what it is given.</param>
    public ParleyProcess(TableConnection connection, TimeProvider time, int seed, IFollowUpQueue? queue = null)
    {
        Time = time;
        Tables = new ParleyTables(connection.ServiceClient());
        Activity = new ConversationActivity(Tables, NullLogger<ConversationActivity>.Instance);
        var (entropy, writers) = (new Entropy(seed), new KeyedLock());
        var (budget, cursors, quotes) = (new WriteBudget(time, entropy), new Cursors(Tables, entropy), new QuotedTexts(Tables));
        var edits = new Edits(writers, budget, entropy);
        Conversations = new ConversationReader(Tables);
        Senders = new SenderReader(Tables, cursors);
        SenderWriter = new SenderWriter(Tables, Senders, edits, new TenantCounters(Tables, writers, budget, entropy), time, entropy);
        Creation = new ConversationCreation(Tables, Conversations, Activity, Senders, SenderWriter, writers, budget, time, entropy);
        ConversationList = new ConversationList(Tables, Conversations, Senders, cursors, time);
        FollowUps = new FollowUpReader(Tables);
        var index = new FollowUpIndex(Tables, FollowUps, NullLogger<FollowUpIndex>.Instance);
        ConversationChange = new ConversationChange(Tables, Conversations, index, edits, time);
        Unread = new UnreadCounts(Tables);
        Threads = new ThreadReader(Tables, cursors);
        ThreadCreation = new ThreadCreation(Tables, Threads, time, entropy);
        Tickets = new TicketReader(Tables, cursors);
        TicketWriter = new TicketWriter(Tickets, ConversationChange, time, entropy);
        Append = new MessageAppend(Tables, Conversations, Activity, new MessageReferenceFinder(Tables, Threads), index, writers, budget, time, entropy);
        queue ??= Mock.Of<IFollowUpQueue>();
        FollowUpList = new FollowUpList(Tables, Conversations, FollowUps, time);
        FollowUpDispatch = new FollowUpDispatch(Tables, queue, time, NullLogger<FollowUpDispatch>.Instance);
        FollowUpWriter = new FollowUpWriter(Tables, ConversationChange, FollowUps, index, FollowUpDispatch, time, entropy);
        FollowUpFiring = new FollowUpFiring(
            Tables,
            new DueLooks(Tables, Conversations, FollowUps, time, NullLogger<DueLooks>.Instance),
            Activity,
            index,
            FollowUpWriter,
            Append,
            queue,
            time,
            NullLogger<FollowUpFiring>.Instance);

        // No blob is touched as long as no message has a file.
        Change = new MessageChange(Tables, Conversations, Activity, quotes, new FileStore(Mock.Of<BlobServiceClient>(), time, entropy), edits, time);
        Reading = new MessageReading(Tables, Conversations, ConversationChange, Activity, time);
        Pages = new MessagePages(Tables, Conversations, quotes, cursors);
        Chats = new ChatMessages(Tables, Conversations, Threads, Tickets, cursors);
    }

    public TimeProvider Time { get; }

    public ParleyTables Tables { get; }

    public ConversationReader Conversations { get; }

    public ConversationActivity Activity { get; }

    public ConversationCreation Creation { get; }

    public ConversationList ConversationList { get; }

    public ConversationChange ConversationChange { get; }

    public UnreadCounts Unread { get; }

    public SenderReader Senders { get; }

    public SenderWriter SenderWriter { get; }

    public ThreadReader Threads { get; }

    public ThreadCreation ThreadCreation { get; }

    public TicketReader Tickets { get; }

    public TicketWriter TicketWriter { get; }

    public MessageAppend Append { get; }

    public MessageChange Change { get; }

    public MessageReading Reading { get; }

    public MessagePages Pages { get; }

    public ChatMessages Chats { get; }

    public FollowUpReader FollowUps { get; }

    public FollowUpList FollowUpList { get; }

    public FollowUpWriter FollowUpWriter { get; }

    public FollowUpDispatch FollowUpDispatch { get; }

    public FollowUpFiring FollowUpFiring { get; }
}
