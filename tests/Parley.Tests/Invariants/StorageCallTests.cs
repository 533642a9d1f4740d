using Parley.Conversations;
using Parley.Idempotency;
using Parley.Messages;
using Parley.Storage;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Invariants;

/// <summary>What docs/performance.md says that a request costs, counted at the transport.</summary>
public sealed class StorageCallTests : IAsyncLifetime
{
    // In the middle of a minute and an hour, which this time never leaves by itself.
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));
    private TableConnection connection = null!;
    private ParleyProcess process = null!;
    private ConversationKey conversation;

    public async Task InitializeAsync()
    {
        var tables = new StrictTables(time);
        connection = tables.Connect();
        process = new ParleyProcess(connection, time, seed: 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        conversation = await Appends.NewConversationAsync(tables, time);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Posting()
    {
        Assert.Equal(3, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first that is unread in its inbox")));
        Assert.Equal(2, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next")));
        Assert.Equal(3, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first with a key in this hour", "a")));
        Assert.Equal(2, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next with a key", "b")));
        Assert.Equal(4, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next with a key", "b")));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(4, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first in this minute")));
        Assert.Equal(2, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next in this minute")));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first in both", "c")));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 3)]
    [InlineData(14, 3)]
    [InlineData(15, 4)]
    public async Task Listing_whatever_the_page(int quotesOutside, int calls)
    {
        for (var i = 0; i < 40; i++)
        {
            await Appends.AppendAsync(process, conversation, $"message {i}");
        }

        for (var i = 0; i < 20; i++)
        {
            var quoted = i < quotesOutside ? $"{new MessageKey(conversation, i + 1).IntegerId}" : null;
            await process.Append.AppendAsync(
                new ConversationRef(conversation, null), new NewMessage(MessageRole.Staff, "quoting", 1, "staff", quoted), null, CancellationToken.None);
        }

        var pages = process.Pages;
        Assert.Equal(calls, await CallsAsync(async () =>
        {
            var page = await pages.ReadAsync(new ConversationRef(conversation, null), 1, 20, newestFirst: true, CancellationToken.None);
            Assert.Equal((20, quotesOutside), (page.Messages.Count, page.QuotedTexts.Count));
        }));
        Assert.Equal(2, await CallsAsync(() => pages.ReadAsync(new ConversationRef(conversation, null), 3, 20, newestFirst: true, CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => pages.ReadAsync(new ConversationRef(conversation, null), 4, 20, newestFirst: true, CancellationToken.None)));
    }

    [Fact]
    public async Task Changing()
    {
        await Appends.AppendAsync(process, conversation, "text");
        var (id, message) = (new ConversationRef(conversation, null), $"{new MessageKey(conversation, 1).IntegerId}");

        Assert.Equal(3, await CallsAsync(() => process.Change.EditAsync(id, message, "edited", "editor", null, CancellationToken.None)));
        Assert.Equal(3, await CallsAsync(() => process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None)));
    }

    [Fact]
    public async Task Creating_and_reading_a_conversation()
    {
        var draft = new NewConversation("title", "web", null, null, null, null, null);
        Task CreateAsync(string? key) => process.Creation.CreateAsync(
            Appends.Tenant, draft, key is null ? null : IdempotencyKey.Create(key, ["title"]), CancellationToken.None);

        Assert.Equal(3, await CallsAsync(() => CreateAsync(null)));
        Assert.Equal(4, await CallsAsync(() => CreateAsync("a")));
        Assert.Equal(3, await CallsAsync(() => CreateAsync("b")));
        Assert.Equal(1, await CallsAsync(() => process.Conversations.GetAsync(new ConversationRef(conversation, null), CancellationToken.None)));
    }

    [Fact]
    public async Task Authenticating()
    {
        var entropy = new Entropy(1);
        var administration = new TenantAdministration(process.Tables, time, entropy, new WriteBudget(time, entropy));
        var tenant = await administration.CreateTenantAsync("tenant", CancellationToken.None);
        var key = await administration.CreateKeyAsync(tenant.Tenant, "key", Scopes.MessagesRead, null, CancellationToken.None);
        var authenticator = new Authenticator(process.Tables, time);

        Assert.Equal(1, await CallsAsync(() => authenticator.AuthenticateAsync(key.Key, CancellationToken.None)));
        Assert.Equal(0, await CallsAsync(() => authenticator.AuthenticateAsync(key.Key, CancellationToken.None)));
        time.Advance(Authenticator.CacheTime + TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await CallsAsync(() => authenticator.AuthenticateAsync(key.Key, CancellationToken.None)));
    }

    private async Task<int> CallsAsync(Func<Task> request)
    {
        var before = connection.Calls;
        await request();
        return connection.Calls - before;
    }
}
