using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>Follow-ups sent through the host's own queue, in real time.</summary>
public class FollowUpSenderTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    /// <summary>A follow-up that is not sent within this time after its due time counts as never sent.</summary>
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_follow_up_becomes_an_assistants_message_at_its_time()
    {
        var trigger = await parley.Client.NewAnsweredChatAsync();
        var chat = trigger["chatId"]!;
        var due = FollowUpCalls.In(TimeSpan.FromSeconds(3));
        var followUp = await parley.Client.FollowUpAsync(chat, "Still there? 😀", due);
        var sent = await parley.Client.SentAsync(followUp);

        Assert.True(ApiHelpers.Time(sent["finishedAt"]) >= due);
        Assert.Equal(ApiHelpers.Time(sent["finishedAt"]), ApiHelpers.Time(sent["updatedAt"]));
        Assert.Equal(ApiHelpers.Text(followUp["dueDate"]), ApiHelpers.Text(sent["dueDate"]));
        Assert.Equal(ApiHelpers.Text(trigger["id"]), ApiHelpers.Text(sent["triggerChatMessageId"]));
        Assert.Null(sent["reason"]);
        await parley.Client.AssertFollowUpAsync(sent, "\"2\"");
        await parley.Client.AssertEventsAsync(followUp, (null, "pending", null, "Test key"), ("pending", "sent", null, "parley"));
        var (messages, _, _) = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}&joins=chat-message-follow-ups");
        Assert.Equal(["How can I help?", "Still there? 😀"], ChatCalls.Contents(messages));
        var message = messages[1]!;
        Assert.Equal(ApiHelpers.Text(sent["chatMessageId"]), ApiHelpers.Text(message["id"]));
        Assert.Equal("assistant", ApiHelpers.Text(message["role"]));
        Assert.Null(message["senderId"]);
        Assert.Equal(ApiHelpers.Time(sent["finishedAt"]), ApiHelpers.Time(message["createdAt"]));
        Assert.All(messages, one => Assert.True(JsonNode.DeepEquals(sent, Assert.Single(one!["chatMessageFollowUps"]!.AsArray()))));
        Assert.True(JsonNode.DeepEquals(sent, Assert.Single(await parley.Client.FollowUpsAsync($"?chatMessageIds={message["id"]}&statuses=sent"))));
        Assert.Empty(await parley.Client.FollowUpsAsync($"?chatIds={chat}&statuses=pending"));
        var conversation = await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{chat}");
        Assert.Equal("Still there? 😀", ApiHelpers.Text(conversation["lastMessage"]));
        Assert.Equal(0, conversation["unreadMessagesCount"]!.GetValue<int>());
        Assert.Equal(ApiHelpers.Text(message["id"]), ApiHelpers.Text((await parley.Client.FollowUpAsync(chat))["triggerChatMessageId"]));
        await parley.Client.RefusedAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{followUp["id"]}", null, 409, "follow_up_status");
    }

    [Fact]
    public async Task Deleting_the_message_removes_the_text_of_the_follow_up_too()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var sent = await parley.Client.SentAsync(await parley.Client.FollowUpAsync(chat, "A secret", FollowUpCalls.In(TimeSpan.Zero)));

        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{chat}/messages/{sent["chatMessageId"]}");

        var emptied = await parley.Client.CallAsync(HttpMethod.Get, $"{FollowUpCalls.Path}/{sent["id"]}");
        Assert.Equal(("", "sent"), (ApiHelpers.Text(emptied["message"]), ApiHelpers.Text(emptied["status"])));
        Assert.DoesNotContain("A secret", $"{(await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}&joins=chat-message-follow-ups")).Items}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_overdue_follow_up_is_sent_at_once()
    {
        foreach (var ago in new[] { TimeSpan.Zero, TimeSpan.FromMinutes(5), TimeSpan.FromHours(24) - TimeSpan.FromMinutes(1) })
        {
            var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
            var followUp = await parley.Client.FollowUpAsync(chat, "Late", FollowUpCalls.In(-ago));
            var sent = await parley.Client.SentAsync(followUp);
            Assert.True(ApiHelpers.Time(sent["finishedAt"]) >= ApiHelpers.Time(followUp["createdAt"]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Follow_ups_of_a_chat_are_sent_by_due_date_then_by_creation(int millisecondsBetween)
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var due = FollowUpCalls.In(TimeSpan.FromSeconds(5));
        var followUps = new List<JsonNode>();
        foreach (var number in Enumerable.Range(0, 10))
        {
            // From the last due date to the first, except where all are the same.
            var at = due.AddMilliseconds(millisecondsBetween * (9 - number));
            followUps.Add(await parley.Client.FollowUpAsync(chat, $"{(millisecondsBetween == 0 ? number : 9 - number)}", at));
        }

        await Task.WhenAll(followUps.Select(parley.Client.SentAsync));

        Assert.Equal(["How can I help?", .. Enumerable.Range(0, 10).Select(number => $"{number}")], await ContentsAsync(followUps[0]));
    }

    [Fact]
    public async Task A_follow_up_moved_to_an_earlier_time_or_armed_again_is_sent()
    {
        var (moved, armed, overdue) = (await NewAsync(TimeSpan.FromHours(1)), await NewAsync(TimeSpan.FromHours(1)), await NewAsync(TimeSpan.FromHours(1)));
        await parley.Client.CallAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{armed["id"]}");
        var due = FollowUpCalls.In(TimeSpan.FromSeconds(2));
        await parley.Client.PatchFollowUpAsync(moved, new { dueDate = due, message = "Moved" });
        await parley.Client.PatchFollowUpAsync(armed, new { status = "pending", dueDate = due, message = "Armed" });
        var late = await parley.Client.PatchFollowUpAsync(overdue, new { dueDate = FollowUpCalls.In(TimeSpan.FromHours(-1)) });
        Assert.Equal("pending", ApiHelpers.Text(late["status"]));

        foreach (var (followUp, text) in new[] { (moved, "Moved"), (armed, "Armed") })
        {
            Assert.True(ApiHelpers.Time((await parley.Client.SentAsync(followUp))["finishedAt"]) >= due);
            Assert.Equal(["How can I help?", text], await ContentsAsync(followUp));
        }

        Assert.True(ApiHelpers.Time((await parley.Client.SentAsync(overdue))["finishedAt"]) >= ApiHelpers.Time(late["updatedAt"]));
        await parley.Client.AssertEventsAsync(moved, (null, "pending", null, "Test key"), ("pending", "pending", null, "Test key"), ("pending", "sent", null, "parley"));
    }

    [Fact]
    public async Task A_follow_up_that_has_ended_or_was_postponed_is_not_sent_at_its_time()
    {
        // Enough to create all five and end four of them before they are due, on a busy machine too.
        var due = TimeSpan.FromSeconds(10);
        var (answered, cancelled, handedOff, putOff, sent) =
            (await NewAsync(due), await NewAsync(due), await NewAsync(due), await NewAsync(due), await NewAsync(due));
        await parley.Client.PostTextAsync(answered["chatId"]!, "I am here.");
        await parley.Client.CallAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{cancelled["id"]}");
        await parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{handedOff["chatId"]}", new { handedOffUntil = FollowUpCalls.In(TimeSpan.FromHours(1)) });
        var later = await parley.Client.PatchFollowUpAsync(putOff, new { dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) });

        // The last follow-up is due after the others and goes through the same queue.
        await parley.Client.SentAsync(sent);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        Assert.Equal(["How can I help?", "I am here."], await ContentsAsync(answered));
        Assert.Equal("customer_replied", ApiHelpers.Text((await parley.Client.NowAsync(answered))["reason"]));
        Assert.Equal(["How can I help?"], await ContentsAsync(cancelled));
        Assert.Equal(["How can I help?"], await ContentsAsync(handedOff));
        Assert.Equal("handed_off", ApiHelpers.Text((await parley.Client.NowAsync(handedOff))["reason"]));
        Assert.Equal(["How can I help?"], await ContentsAsync(putOff));
        await parley.Client.AssertFollowUpAsync(later, "\"2\"");
        Assert.Equal(["How can I help?", "Still there?"], await ContentsAsync(sent));
    }

    [Fact]
    public async Task Many_follow_ups_of_one_second_are_each_sent_once()
    {
        var full = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var chats = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => parley.Client.NewAnsweredChatAsync()));
        var due = FollowUpCalls.In(TimeSpan.FromSeconds(2));
        var followUps = await Task.WhenAll(
            chats.Select(message => message["chatId"]!).Concat(Enumerable.Repeat(full, 5)).Select((chat, i) => parley.Client.FollowUpAsync(chat, $"{i}", due)));
        foreach (var followUp in followUps)
        {
            Assert.True(ApiHelpers.Time((await parley.Client.SentAsync(followUp))["finishedAt"]) >= due);
        }

        foreach (var followUp in followUps.Take(5))
        {
            Assert.Equal(["How can I help?", ApiHelpers.Text(followUp["message"])!], await ContentsAsync(followUp));
        }

        Assert.Equal(["5", "6", "7", "8", "9", "How can I help?"], (await ContentsAsync(followUps[5])).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_follow_up_answered_or_cancelled_in_its_second_is_sent_before_or_never()
    {
        var triggers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => parley.Client.NewAnsweredChatAsync()));
        var due = FollowUpCalls.In(TimeSpan.FromSeconds(2));
        var followUps = await Task.WhenAll(triggers.Select(trigger => parley.Client.FollowUpAsync(trigger["chatId"]!, due: due)));
        var cancelled = await Task.WhenAll(followUps.Select(async (followUp, i) =>
        {
            var rest = due + TimeSpan.FromMilliseconds(150 * (i / 2)) - TimeProvider.System.GetUtcNow();
            await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, TimeProvider.System);
            if (i % 2 == 0)
            {
                await parley.Client.PostTextAsync(followUp["chatId"]!, "I am here.");
                return false;
            }

            using var response = await parley.Client.SendJsonAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{followUp["id"]}", null);
            return response.IsSuccessStatusCode;
        }));
        await Task.Delay(Never, TimeProvider.System);

        foreach (var (i, followUp) in followUps.Index())
        {
            var ended = await parley.Client.NowAsync(followUp);
            var isSent = ApiHelpers.Text(ended["status"]) == "sent";
            string[] reply = i % 2 == 0 ? ["I am here."] : [];
            Assert.Equal(["How can I help?", .. isSent ? ["Still there?"] : Array.Empty<string>(), .. reply], await ContentsAsync(followUp));
            Assert.Equal(isSent ? null : i % 2 == 0 ? "customer_replied" : "cancelled_by_client", ApiHelpers.Text(ended["reason"]));
            Assert.Equal(i % 2 == 1 && !isSent, cancelled[i]);
            await parley.Client.AssertFollowUpAsync(ended, "\"2\"");
        }
    }

    private async Task<JsonNode> NewAsync(TimeSpan due) =>
        await parley.Client.FollowUpAsync((await parley.Client.NewAnsweredChatAsync())["chatId"]!, due: FollowUpCalls.In(due));

    private async Task<List<string>> ContentsAsync(JsonNode followUp) =>
        ChatCalls.Contents((await parley.Client.ArrayAsync($"v1/chat-messages?chatId={followUp["chatId"]}")).Items);
}
