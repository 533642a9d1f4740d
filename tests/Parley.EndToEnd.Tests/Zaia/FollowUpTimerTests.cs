using System.Net;
using Azure.Storage.Queues;
using Parley.Conversations.FollowUps;
using Parley.DevHost.Emulator;
using Parley.Tenants;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>
/// Follow-ups that only the timer can enqueue. On a storage of its own: every host reads the one queue of its storage,
/// and the timer enqueues all due follow-ups of that storage.
/// </summary>
public class FollowUpTimerTests(ApiClients clients) : IClassFixture<ApiClients>
{
    private const string AdminKey = "an admin key for this host alone";

    [Fact]
    public async Task The_timer_enqueues_follow_ups_that_a_request_could_not_enqueue()
    {
        await using var azurite = await Azurite.StartAsync(directory: null, Console.Error.WriteLine);
        var refusals = Path.GetTempFileName();
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Parley__AdminKey"] = AdminKey,
            ["FollowUpSchedule"] = "* * * * * *",
            ["Test__RefusesFollowUps"] = refusals,
        });
        var client = await NewClientAsync(host.Api);
        var queue = new QueueClient(azurite.ConnectionString, FollowUpChunk.Queue, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });

        // A queue message of another application is dropped and does not stop the others.
        await queue.SendMessageAsync("not ours");
        var (chat, other) = ((await client.NewAnsweredChatAsync())["chatId"]!, (await client.NewAnsweredChatAsync())["chatId"]!);
        var due = FollowUpCalls.In(TimeSpan.FromSeconds(3));
        var (soon, late) = (await client.FollowUpAsync(chat, "Soon", due), await client.FollowUpAsync(chat, "Late", FollowUpCalls.In(TimeSpan.FromMinutes(-5))));
        var answered = await client.FollowUpAsync(other, "Too late", due);
        await client.PostTextAsync(other, "I am here.");
        Assert.Equal(3, (await File.ReadAllLinesAsync(refusals)).Length);
        File.Delete(refusals);

        Assert.True(ApiHelpers.Time((await client.SentAsync(late))["finishedAt"]) >= ApiHelpers.Time(late["createdAt"]));
        Assert.True(ApiHelpers.Time((await client.SentAsync(soon))["finishedAt"]) >= due);
        await client.AssertEventsAsync(soon, (null, "pending", null, "All"), ("pending", "sent", null, "parley"));
        for (var until = FollowUpCalls.In(Wait.Limit); (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount > 0;)
        {
            Assert.True(TimeProvider.System.GetUtcNow() < until, "A message stays in the queue.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        // After several ticks, each message still exists once.
        Assert.Equal(
            ["How can I help?", "Late", "Soon"],
            ChatCalls.Contents((await client.ArrayAsync($"v1/chat-messages?chatId={chat}")).Items).Order(StringComparer.Ordinal));
        Assert.Equal(["How can I help?", "I am here."], ChatCalls.Contents((await client.ArrayAsync($"v1/chat-messages?chatId={other}")).Items));
        Assert.Equal("customer_replied", ApiHelpers.Text((await client.NowAsync(answered))["reason"]));
        Assert.False(await new QueueClient(azurite.ConnectionString, FollowUpChunk.Queue + "-poison").ExistsAsync());
    }

    private async Task<HttpClient> NewClientAsync(Uri api)
    {
        var admin = clients.New(AdminKey, api);
        var tenant = await admin.CallAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Timer" }, HttpStatusCode.Created);
        var key = await admin.CallAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant["id"]}/keys", new { label = "All", scopes = ScopeNames.All }, HttpStatusCode.Created);
        return clients.New(key["key"]!.GetValue<string>(), api);
    }
}
