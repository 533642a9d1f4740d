using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

/// <summary>
/// The shared part of append scenarios: a tenant's conversation, a function that appends, and the invariants
/// afterwards.
/// </summary>
internal static class Appends
{
    public static readonly TenantId Tenant = new(1);

    private static readonly NewConversation Draft = new("Title", "web", null, "+49", "Ada", null, null);

    /// <summary>
    /// Creates new tables with one conversation, outside the scheduler, so that this takes no scheduling steps.
    /// </summary>
    public static async Task<(StrictTables Tables, ConversationKey Conversation)> NewConversationAsync(TimeProvider time)
    {
        var tables = new StrictTables(time);
        return (tables, await NewConversationAsync(tables, time));
    }

    public static async Task<ConversationKey> NewConversationAsync(StrictTables tables, TimeProvider time)
    {
        var setup = new ParleyProcess(tables.Connect("setup"), time, seed: 0);
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var (created, _) = await setup.Creation.CreateAsync(Tenant, Draft, null, CancellationToken.None);
        return created.Key;
    }

    public static Task<Appended> AppendAsync(ParleyProcess process, ConversationKey conversation, string text, string? key = null) =>
        process.Append.AppendAsync(
            new EntityRef<ConversationKey>(conversation, null),
            new NewMessage(MessageRole.Customer, text, null, null, null),
            key is null ? null : IdempotencyKey.Create(key, [text]),
            CancellationToken.None);

    /// <summary>
    /// Asserts that every text exists exactly once, that the numbers are consecutive from 1, and that number, preview
    /// and unread count of the conversation row match the messages.
    /// </summary>
    public static async Task VerifyAsync(StrictTables tables, TimeProvider time, ConversationKey conversation, IEnumerable<string> texts)
    {
        var reader = new ParleyProcess(tables.Connect("verify"), time, seed: 0);
        var head = await reader.Conversations.GetAsync(new EntityRef<ConversationKey>(conversation, null), CancellationToken.None);
        var messages = new List<Message>();
        await foreach (var row in reader.Tables.Conversations.QueryAsync<TableEntity>(Filters.Range(conversation.PartitionKey, "m|", "m|~")))
        {
            messages.Add(MessageRow.Read(row, conversation));
        }

        Assert.Equal(texts.Order(StringComparer.Ordinal), messages.Select(message => message.Text).Order(StringComparer.Ordinal));
        Assert.Equal(Enumerable.Range(1, messages.Count), messages.Select(message => message.Key.Sequence));
        Assert.Equal((messages.Count, messages[^1].Text, messages.Count), (head.Last, head.LastMessage, head.Unread));
        Assert.Equal(messages.Select(message => message.CreatedAt).Order(), messages.Select(message => message.CreatedAt));
    }
}
