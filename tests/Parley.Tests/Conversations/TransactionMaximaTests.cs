using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>The maxima that the parts of transactions state fit into one transaction in every combination.</summary>
public sealed class TransactionMaximaTests
{
    private static readonly IServiceProvider Services = new ServiceCollection()
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .AddSingleton(new StrictTables(TimeProvider.System).Connect().ServiceClient())
        .AddParley(new ConfigurationBuilder().Build())
        .BuildServiceProvider();

    /// <summary>Parts that belong to one message; of those that exclude each other only one can occur.</summary>
    private static readonly IMessagePart[][] MessageParts =
    [
        [],
        [new FollowUpSending(null!, null!, null!, TimeProvider.System)],
        [new CompletionStart(null!, (_, _, _) => Task.FromResult<Completion?>(null))],
        [new CompletionEnding(null!, null!, isProducer: true, TimeProvider.System)],
    ];

    [Fact]
    public void An_append_fits_with_every_part()
    {
        var standing = Services.GetServices<IConversationPart>().Sum(part => part.MaxOperations);

        Assert.Equal(3 * PendingFollowUp.Max, standing);
        Assert.All(MessageParts, parts => Assert.InRange(
            MessageAppend.MaxOperations + standing + parts.Sum(part => part.MaxOperations),
            1,
            Transactions.MaxOperations));
    }

    [Fact]
    public void Every_part_of_messages_is_in_a_combination()
    {
        var known = MessageParts.SelectMany(parts => parts).Select(part => part.GetType());
        var declared = typeof(IMessagePart).Assembly.GetTypes()
            .Where(type => type.IsClass && typeof(IMessagePart).IsAssignableFrom(type));

        Assert.Equal(declared.OrderBy(type => type.Name), known.OrderBy(type => type.Name));
    }

    [Fact]
    public void A_deletion_fits_with_every_part()
    {
        // The message, the head and the row that refers to the file.
        const int Own = 3;

        var parts = Services.GetServices<IMessageDeletionPart>().ToList();

        Assert.Equal(2, parts.Count);
        Assert.InRange(Own + parts.Sum(part => part.MaxOperations), 1, Transactions.MaxOperations);
    }

    [Fact]
    public void An_edit_of_the_head_fits_with_every_part()
    {
        // The head and the rows of a follow-up's creation with a key: the follow-up, the message's row, the event, the
        // key. All other edits have fewer, except readings, which fill the transaction and raise no event.
        const int Own = 5;

        Assert.InRange(
            Own + Services.GetServices<IConversationPart>().Sum(part => part.MaxOperations),
            1,
            Transactions.MaxOperations);
    }
}
