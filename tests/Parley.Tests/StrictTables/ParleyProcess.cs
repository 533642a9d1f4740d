using Microsoft.Extensions.Logging.Abstractions;
using Parley.Conversations;
using Parley.Messages;
using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.OnStrictTables;

/// <summary>Parley's features as one process has them: its own connection, locks and randomness.</summary>
internal sealed class ParleyProcess
{
    public ParleyProcess(TableConnection connection, TimeProvider time, int seed)
    {
        Tables = new ParleyTables(connection.ServiceClient());
        var (reader, activity) = (new ConversationReader(Tables), new ConversationActivity(Tables, NullLogger<ConversationActivity>.Instance));
        var (entropy, writers) = (new Entropy(seed), new KeyedLock());
        var budget = new WriteBudget(time, entropy);
        Creation = new ConversationCreation(Tables, reader, activity, writers, budget, time, entropy);
        Append = new MessageAppend(Tables, reader, activity, writers, budget, time, entropy);
        Change = new MessageChange(Tables, reader, new QuotedTexts(Tables), writers, budget, entropy);
        Conversations = reader;
    }

    public ParleyTables Tables { get; }

    public ConversationCreation Creation { get; }

    public MessageAppend Append { get; }

    public MessageChange Change { get; }

    public ConversationReader Conversations { get; }
}
