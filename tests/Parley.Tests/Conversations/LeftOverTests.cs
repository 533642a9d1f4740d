using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Core;
using Parley.Senders;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>Rows that a crash leaves behind, and their removal.</summary>
public sealed class LeftOverTests
{
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));

    [Fact]
    public async Task Reading_deletes_an_unread_row_whose_message_was_never_stored()
    {
        var (tables, conversation) = await Appends.NewConversationAsync(time);
        var (process, id) = (new ParleyProcess(tables.Connect(), time, seed: 1), new EntityRef<ConversationKey>(conversation, null));
        var head = await process.Conversations.GetAsync(id, CancellationToken.None);
        var prepared = await process.Activity.PrepareAsync(head, head.ActivityMinute, unread: true, logIndexRow: null, CancellationToken.None);
        Assert.Equal(1, await UnreadAsync(process, head));

        await process.Reading.ReadAsync(id, null, CancellationToken.None);

        Assert.Equal(0, await UnreadAsync(process, head));

        // The writer of that row may still write its head. That write must fail now, because no row would lead to the
        // head.
        var late = new TableEntity(conversation.PartitionKey, ConversationRowKeys.Head) { ["Unread"] = 1, ["UnreadRev"] = prepared.UnreadRevision };
        await Assert.ThrowsAsync<Azure.RequestFailedException>(() => process.Tables.Conversations.UpdateEntityAsync(late, head.ETag));

        await Appends.AppendAsync(process, conversation, "unread");
        Assert.Equal(1, await UnreadAsync(process, head));
        await process.Reading.ReadAsync(id, null, CancellationToken.None);
        Assert.Equal(0, await UnreadAsync(process, head));
    }

    [Fact]
    public async Task Reading_succeeds_even_if_the_unread_row_cannot_be_deleted()
    {
        var (tables, conversation) = await Appends.NewConversationAsync(time);
        await Appends.AppendAsync(new ParleyProcess(tables.Connect(), time, seed: 1), conversation, "unread");
        var connection = tables.Connect("failing", new TableHooks
        {
            Fault = call => call is { Kind: TableCallKind.Query, Table: "Tenants" } ? Fault.Busy : Fault.None,
        });
        var mark = await new ParleyProcess(connection, time, seed: 2).Reading.ReadAsync(new EntityRef<ConversationKey>(conversation, null), null, CancellationToken.None);
        Assert.Equal((0, 1), (mark.Conversation.Unread, mark.Message!.Value.Sequence));
    }

    [Fact]
    public async Task A_repeated_creation_is_not_refused_because_its_contact_changed()
    {
        var (tables, _) = await Appends.NewConversationAsync(time);
        var process = new ParleyProcess(tables.Connect(), time, seed: 1);
        var sender = await process.SenderWriter.CreateAsync(Appends.Tenant, created => created with { Name = "Ada" }, CancellationToken.None);
        var draft = new NewConversation(null, null, null, null, null, null, null) { Contact = $"{sender.Id}" };
        Task<(Conversation Conversation, bool Replayed)> CreateAsync() =>
            process.Creation.CreateAsync(Appends.Tenant, draft, IdempotencyKey.Create("key", ["draft"]), CancellationToken.None);

        var (first, _) = await CreateAsync();
        await process.SenderWriter.ChangeAsync(
            new EntityRef<SenderKey>(sender.Key, null), created => created with { Entity = SenderEntity.Agent }, null, CancellationToken.None);

        var (again, replayed) = await CreateAsync();
        Assert.Equal((first.Id, true), (again.Id, replayed));
    }

    [Fact]
    public async Task A_repeated_creation_is_not_refused_because_its_chatbot_was_deleted()
    {
        var (tables, _) = await Appends.NewConversationAsync(time);
        var process = new ParleyProcess(tables.Connect(), time, seed: 1);
        var chatbot = await process.ChatbotWriter.CreateAsync(Appends.Tenant, created => created with { Name = "Bot" }, CancellationToken.None);
        var draft = new NewConversation(null, null, null, null, null, null, null) { Chatbot = chatbot.Id };
        Task<(Conversation Conversation, bool Replayed)> CreateAsync(string key) =>
            process.Creation.CreateAsync(Appends.Tenant, draft, IdempotencyKey.Create(key, ["draft"]), CancellationToken.None);

        var (first, _) = await CreateAsync("key");
        await process.ChatbotWriter.DeleteAsync(new EntityRef<ChatbotKey>(chatbot.Key, null), null, CancellationToken.None);
        draft = draft with { Refusal = ChatbotReader.NotFound() };

        var (again, replayed) = await CreateAsync("key");
        Assert.Equal((first.Id, chatbot.Id, true), (again.Id, again.Chatbot, replayed));
        var refused = await Assert.ThrowsAsync<ParleyException>(() => CreateAsync("another key"));
        Assert.Equal(ErrorCode.ChatbotNotFound, refused.Code);
    }

    private static async Task<int> UnreadAsync(ParleyProcess process, Conversation conversation) =>
        (await process.Unread.ReadAsync(Appends.Tenant, [conversation], CancellationToken.None))[conversation.Inbox!.Id];
}
