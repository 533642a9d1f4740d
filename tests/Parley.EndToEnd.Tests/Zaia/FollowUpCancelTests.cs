using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>Automatic cancellation of follow-ups by customers' messages and hand-offs.</summary>
public class FollowUpCancelTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Theory]
    [InlineData("POST /chat-messages")]
    [InlineData("POST /chat-messages of a sender")]
    [InlineData("POST /messages")]
    [InlineData("POST /messages of a sender")]
    [InlineData("POST /conversations/{id}/messages")]
    [InlineData("POST /conversations/{id}/messages/media")]
    public async Task A_customers_message_through_any_path_cancels_pending_follow_ups(string path)
    {
        var chat = await parley.Client.CreateConversationAsync();
        var other = await parley.Client.FollowUpAsync((await parley.Client.NewAnsweredChatAsync())["chatId"]!);
        await parley.Client.PostTextAsync(chat, "Hello.", "assistant");
        var (first, second) = (await parley.Client.FollowUpAsync(chat, "1"), await parley.Client.FollowUpAsync(chat, "2"));
        var sent = await parley.Client.PatchFollowUpAsync(await parley.Client.FollowUpAsync(chat, "3"), new { status = "sent", chatMessageId = first["triggerChatMessageId"] });
        var failed = await parley.Client.PatchFollowUpAsync(await parley.Client.FollowUpAsync(chat, "4"), new { status = "failed", reason = "x" });
        await parley.Client.PatchFollowUpAsync(second, new { reason = "soon" });
        var actor = await RunAsync(path, chat);

        var reply = (await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}")).Items[^1]!;
        Assert.Equal("user", ApiHelpers.Text(reply["role"]));
        foreach (var (followUp, tag) in new[] { (first, "\"2\""), (second, "\"3\"") })
        {
            var cancelled = await parley.Client.NowAsync(followUp);
            Assert.Equal(("cancelled", "customer_replied"), (ApiHelpers.Text(cancelled["status"]), ApiHelpers.Text(cancelled["reason"])));
            Assert.Equal(ApiHelpers.Time(reply["createdAt"]), ApiHelpers.Time(cancelled["finishedAt"]));
            Assert.Equal(ApiHelpers.Time(reply["createdAt"]), ApiHelpers.Time(cancelled["updatedAt"]));
            Assert.Null(cancelled["chatMessageId"]);
            await parley.Client.AssertFollowUpAsync(cancelled, tag);
        }

        await parley.Client.AssertEventsAsync(first, (null, "pending", null, "Test key"), ("pending", "cancelled", "customer_replied", actor));
        await parley.Client.AssertEventsAsync(
            second, (null, "pending", null, "Test key"), ("pending", "pending", "soon", "Test key"), ("pending", "cancelled", "customer_replied", actor));
        await parley.Client.AssertFollowUpAsync(sent, "\"2\"");
        await parley.Client.AssertFollowUpAsync(failed, "\"2\"");
        await parley.Client.AssertFollowUpAsync(other, "\"1\"");

        // It can be armed again, and is cancelled again.
        await parley.Client.PostTextAsync(chat, "Fine.", "assistant");
        await parley.Client.PatchFollowUpAsync(first, new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) });
        await RunAsync(path, chat);
        Assert.Equal("customer_replied", ApiHelpers.Text((await parley.Client.NowAsync(first))["reason"]));
        await parley.Client.AssertEventsAsync(
            first,
            (null, "pending", null, "Test key"),
            ("pending", "cancelled", "customer_replied", actor),
            ("cancelled", "pending", null, "Test key"),
            ("pending", "cancelled", "customer_replied", actor));
    }

    [Fact]
    public async Task Messages_of_assistants_and_staff_cancel_no_follow_ups()
    {
        var chat = await parley.Client.CreateConversationAsync();
        await parley.Client.PostTextAsync(chat, "Hello.", "assistant");
        var followUp = await parley.Client.FollowUpAsync(chat);
        var (agent, customer) = (await parley.Client.NewSenderAsync(new { entity = "agent" }), await parley.Client.NewSenderAsync(new { entity = "external_user" }));
        await parley.Client.PostTextAsync(chat, "One.", "assistant");
        await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = chat, content = "x", role = "assistant", senderId = customer["id"] });
        await parley.Client.PostAsync(chat, "Two.");
        await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{chat}/messages", new { message = "x", sender = agent["id"] });
        foreach (var texts in new (string, string)[][] { [], [("sender", ApiHelpers.Text(agent["id"])!)] })
        {
            using var media = await parley.Client.UploadAsync(chat, "x"u8.ToArray(), "x", texts);
            await media.ReadAsync();
        }

        await parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { title = "x", autoReplyEnabled = false });
        await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{chat}/read", new { });
        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Fact]
    public async Task A_repeated_message_does_not_cancel_later_follow_ups()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var body = new { chatId = chat, content = "Hm.", role = "user", externalId = "first reply" };
        await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", body);
        await parley.Client.PostTextAsync(chat, "Yes?", "assistant");
        var followUp = await parley.Client.FollowUpAsync(chat);
        await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", body);

        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Fact]
    public async Task A_hand_off_cancels_pending_follow_ups_and_its_end_does_not()
    {
        var chat = await parley.Client.CreateConversationAsync();
        await parley.Client.PostTextAsync(chat, "Hello.", "assistant");
        var (first, second) = (await parley.Client.FollowUpAsync(chat), await parley.Client.FollowUpAsync(chat));
        foreach (var until in new DateTimeOffset?[] { null, FollowUpCalls.In(TimeSpan.FromSeconds(-1)) })
        {
            await HandOffAsync(until);
            await parley.Client.AssertFollowUpAsync(first, "\"1\"");
        }

        await HandOffAsync(FollowUpCalls.In(TimeSpan.FromMinutes(1)));
        foreach (var followUp in new[] { first, second })
        {
            var cancelled = await parley.Client.NowAsync(followUp);
            Assert.Equal(("cancelled", "handed_off"), (ApiHelpers.Text(cancelled["status"]), ApiHelpers.Text(cancelled["reason"])));
            Assert.Equal(ApiHelpers.Time(cancelled["updatedAt"]), ApiHelpers.Time(cancelled["finishedAt"]));
            await parley.Client.AssertFollowUpAsync(cancelled, "\"2\"");
            await parley.Client.AssertEventsAsync(followUp, (null, "pending", null, "Test key"), ("pending", "cancelled", "handed_off", "Test key"));
        }

        await HandOffAsync(null);
        var armed = await parley.Client.PatchFollowUpAsync(first, new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) });
        await parley.Client.AssertFollowUpAsync(armed, "\"3\"");
        await HandOffAsync(FollowUpCalls.In(TimeSpan.FromMinutes(1)));
        Assert.Equal("handed_off", ApiHelpers.Text((await parley.Client.NowAsync(first))["reason"]));
        await parley.Client.AssertEventsAsync(second, (null, "pending", null, "Test key"), ("pending", "cancelled", "handed_off", "Test key"));

        Task HandOffAsync(DateTimeOffset? until) => parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { handedOffUntil = until });
    }

    [Fact]
    public async Task A_refused_hand_off_cancels_no_follow_ups()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var followUp = await parley.Client.FollowUpAsync(chat);
        using var stale = await parley.Client.SendJsonAsync(
            HttpMethod.Patch, $"v1/conversations/{chat}", new { handedOffUntil = FollowUpCalls.In(TimeSpan.FromHours(1)) }, ("If-Match", "\"999\""));
        await stale.AssertProblemAsync(412, "stale_revision");

        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Fact]
    public async Task No_follow_up_created_concurrently_with_a_reply_stays_pending()
    {
        for (var round = 0; round < 3; round++)
        {
            var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
            var reply = parley.Client.PostTextAsync(chat, "I am here.");
            var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => parley.Client.SendJsonAsync(
                HttpMethod.Post, FollowUpCalls.Path, new { chatId = chat, dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)), message = "x" })));
            await reply;
            foreach (var refused in responses.Where(response => response.StatusCode != HttpStatusCode.Created))
            {
                await refused.AssertProblemAsync(409, "follow_up_refused");
            }

            var created = await parley.Client.FollowUpsAsync($"?chatIds={chat}");
            Assert.Equal(responses.Count(response => response.StatusCode == HttpStatusCode.Created), created.Count);
            Assert.All(created, followUp => Assert.Equal(("cancelled", "customer_replied"), (ApiHelpers.Text(followUp!["status"]), ApiHelpers.Text(followUp["reason"]))));
        }
    }

    /// <returns>The name of the actor.</returns>
    private async Task<string> RunAsync(string path, int chat)
    {
        var ana = await parley.Client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        JsonNode id = ana["id"]!;
        switch (path)
        {
            case "POST /chat-messages":
                await parley.Client.PostTextAsync(chat, "x");
                return "customer";
            case "POST /chat-messages of a sender":
                await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = chat, content = "x", role = "user", senderId = id });
                return "Ana";
            case "POST /messages":
                await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = chat, content = "x" }, HttpStatusCode.Created);
                return "customer";
            case "POST /messages of a sender":
                await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = chat, content = "x", sender = id }, HttpStatusCode.Created);
                return "Ana";
            case "POST /conversations/{id}/messages":
                await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{chat}/messages", new { message = "x", sender = id });
                return "Ana";
            default:
                using (var media = await parley.Client.UploadAsync(chat, "x"u8.ToArray(), "x", ("sender", id.GetValue<string>())))
                {
                    await media.ReadAsync();
                }

                return "Ana";
        }
    }
}
