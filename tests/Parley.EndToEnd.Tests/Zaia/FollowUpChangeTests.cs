using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class FollowUpChangeTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_pending_follow_up_is_edited_and_absent_fields_are_kept()
    {
        var followUp = await NewAsync();
        var due = FollowUpCalls.In(2 * Hour);
        var moved = await PatchAsync(new { dueDate = due });
        Assert.InRange(ApiHelpers.Time(moved["dueDate"]), due, due.AddMilliseconds(1));
        await parley.Client.AssertFollowUpAsync(With(followUp, moved, "updatedAt", "dueDate"), "\"2\"");
        var longest = (Text: new string('é', 4000), Reason: new string('é', 250));
        var reworded = await PatchAsync(new { message = longest.Text, dueDate = (string?)null, status = (string?)null });
        Assert.Equal(longest.Text, ApiHelpers.Text(reworded["message"]));
        await parley.Client.AssertFollowUpAsync(With(moved, reworded, "updatedAt", "message"), "\"3\"");
        var reasoned = await PatchAsync(new { status = "pending", reason = longest.Reason });
        Assert.Equal(longest.Reason, ApiHelpers.Text(reasoned["reason"]));
        await parley.Client.AssertFollowUpAsync(With(reworded, reasoned, "updatedAt", "reason"), "\"4\"");
        var all = await PatchAsync(new { due_date = due.AddHours(1), message = "m", reason = "r" });
        Assert.Equal(("m", "r", "pending"), (ApiHelpers.Text(all["message"]), ApiHelpers.Text(all["reason"]), ApiHelpers.Text(all["status"])));
        Assert.True(ApiHelpers.Time(reasoned["updatedAt"]) <= ApiHelpers.Time(all["updatedAt"]));

        // Present values change nothing, so a response can be sent back unchanged.
        Assert.True(JsonNode.DeepEquals(all, await PatchAsync(new { message = "m" })));
        Assert.True(JsonNode.DeepEquals(all, await PatchAsync(all)));
        await parley.Client.AssertFollowUpAsync(all, "\"5\"");
        await parley.Client.AssertEventsAsync(
            followUp,
            (null, "pending", null, "Test key"),
            ("pending", "pending", null, "Test key"),
            ("pending", "pending", null, "Test key"),
            ("pending", "pending", longest.Reason, "Test key"),
            ("pending", "pending", "r", "Test key"));

        Task<JsonNode> PatchAsync(object change) => parley.Client.PatchFollowUpAsync(followUp, change);
    }

    [Theory]
    [InlineData("cancelled", null, "cancelled_by_client")]
    [InlineData("cancelled", "paid", "paid")]
    [InlineData("failed", "no line", "no line")]
    [InlineData("failed", null, null)]
    public async Task A_pending_follow_up_is_ended(string status, string? reason, string? stored)
    {
        var followUp = await NewAsync();
        var ended = await parley.Client.PatchFollowUpAsync(followUp, reason is null ? new { status } : new { status, reason });

        Assert.Equal((status, stored), (ApiHelpers.Text(ended["status"]), ApiHelpers.Text(ended["reason"])));
        Assert.Equal(ApiHelpers.Time(ended["updatedAt"]), ApiHelpers.Time(ended["finishedAt"]));
        Assert.True(ApiHelpers.Time(followUp["createdAt"]) <= ApiHelpers.Time(ended["finishedAt"]));
        await parley.Client.AssertFollowUpAsync(With(followUp, ended, "updatedAt", "finishedAt", "status", "reason"), "\"2\"");

        // Repeating the request changes nothing; another end is refused.
        Assert.True(JsonNode.DeepEquals(ended, await parley.Client.PatchFollowUpAsync(ended, new { status })));
        Assert.True(JsonNode.DeepEquals(ended, await parley.Client.PatchFollowUpAsync(ended, ended)));
        foreach (var change in new object[] { new { status = "sent" }, new { status = status == "failed" ? "cancelled" : "failed", reason = "x" } })
        {
            await RefusedAsync(ended, change, 409, "follow_up_status");
        }

        await parley.Client.AssertFollowUpAsync(ended, "\"2\"");
        await parley.Client.AssertEventsAsync(followUp, (null, "pending", null, "Test key"), ("pending", status, stored, "Test key"));
    }

    [Fact]
    public async Task Deleting_is_cancelling()
    {
        var followUp = await NewAsync();
        var path = $"{FollowUpCalls.Path}/{followUp["id"]}";
        var cancelled = await parley.Client.CallAsync(HttpMethod.Delete, path);

        Assert.Equal(("cancelled", "cancelled_by_client"), (ApiHelpers.Text(cancelled["status"]), ApiHelpers.Text(cancelled["reason"])));
        Assert.Equal(ApiHelpers.Time(cancelled["updatedAt"]), ApiHelpers.Time(cancelled["finishedAt"]));
        await parley.Client.AssertFollowUpAsync(With(followUp, cancelled, "updatedAt", "finishedAt", "status", "reason"), "\"2\"");
        Assert.True(JsonNode.DeepEquals(cancelled, await parley.Client.CallAsync(HttpMethod.Delete, path)));
        await parley.Client.AssertEventsAsync(followUp, (null, "pending", null, "Test key"), ("pending", "cancelled", "cancelled_by_client", "Test key"));

        var failed = await parley.Client.PatchFollowUpAsync(await NewAsync(), new { status = "failed", reason = "x" });
        await parley.Client.RefusedAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{failed["id"]}", null, 409, "follow_up_status");
    }

    [Fact]
    public async Task A_client_records_the_message_that_was_sent()
    {
        var chat = await parley.Client.NewConversationAsync();
        var number = chat["number"]!.GetValue<int>();
        var first = await parley.Client.PostTextAsync(number, "Hello.", "assistant");
        var byUuid = await parley.Client.FollowUpAsync(number);
        var byNumber = await parley.Client.FollowUpAsync(number);
        var staff = await parley.Client.PostAsync(number, "Still there?");
        var elsewhere = await parley.Client.NewAnsweredChatAsync();
        foreach (var field in new[] { "chatMessageId", "triggerChatMessageId" })
        {
            foreach (var message in new object[] { ApiHelpers.Text(elsewhere["id"])!, ApiHelpers.UnknownUuid, ApiHelpers.Text(chat["id"])!, staff + 1, 1, long.MaxValue })
            {
                await RefusedAsync(byUuid, new Dictionary<string, object> { ["status"] = "sent", [field] = message }, 422, "invalid_fields", field);
            }
        }

        var at = ApiHelpers.Time(byUuid["createdAt"]);
        var sent = await parley.Client.PatchFollowUpAsync(byUuid, new { status = "sent", chatMessageId = first["id"], finishedAt = at });
        Assert.Equal(("sent", ApiHelpers.Text(first["id"])), (ApiHelpers.Text(sent["status"]), ApiHelpers.Text(sent["chatMessageId"])));
        Assert.Null(sent["reason"]);
        Assert.Equal(at, ApiHelpers.Time(sent["finishedAt"]));
        await parley.Client.AssertFollowUpAsync(With(byUuid, sent, "updatedAt", "finishedAt", "status", "chatMessageId"), "\"2\"");
        var other = await parley.Client.PatchFollowUpAsync(byNumber, new { status = "sent", chat_message_id = staff, reason = "by hand" });
        Assert.Equal("by hand", ApiHelpers.Text(other["reason"]));
        Assert.Equal(ApiHelpers.Time(other["updatedAt"]), ApiHelpers.Time(other["finishedAt"]));
        var messages = (await parley.Client.ArrayAsync($"v1/chat-messages?chatId={number}")).Items;
        Assert.Equal(ApiHelpers.Text(messages[^1]!["id"]), ApiHelpers.Text(other["chatMessageId"]));
        Assert.Equal(2, messages.Count);
        await parley.Client.AssertEventsAsync(byNumber, (null, "pending", null, "Test key"), ("pending", "sent", "by hand", "Test key"));

        // A sent follow-up stays sent.
        object[] changes =
            [new { status = "pending", dueDate = FollowUpCalls.In(Hour) }, new { status = "cancelled" }, new { status = "failed", reason = "x" }];
        foreach (var change in changes)
        {
            await RefusedAsync(sent, change, 409, "follow_up_status");
        }

        await parley.Client.RefusedAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{sent["id"]}", null, 409, "follow_up_status");
        Assert.True(JsonNode.DeepEquals(sent, await parley.Client.PatchFollowUpAsync(sent, sent)));
        await parley.Client.AssertFollowUpAsync(sent, "\"2\"");
    }

    [Fact]
    public async Task An_end_needs_no_other_field_and_can_be_completed_later()
    {
        var followUp = await NewAsync();
        var sent = await parley.Client.PatchFollowUpAsync(followUp, new { status = "sent" });
        Assert.Equal(("sent", null, null), (ApiHelpers.Text(sent["status"]), ApiHelpers.Text(sent["chatMessageId"]), ApiHelpers.Text(sent["reason"])));

        var (at, trigger) = (ApiHelpers.Time(sent["createdAt"]), sent["triggerChatMessageId"]);
        var completed = await parley.Client.PatchFollowUpAsync(sent, new { chatMessageId = trigger, finishedAt = at, reason = "by mail", message = "As mailed" });
        Assert.Equal((at, "by mail", "As mailed"), (ApiHelpers.Time(completed["finishedAt"]), ApiHelpers.Text(completed["reason"]), ApiHelpers.Text(completed["message"])));
        await parley.Client.AssertFollowUpAsync(With(sent, completed, "updatedAt", "finishedAt", "reason", "message", "chatMessageId"), "\"3\"");
        Assert.Single((await parley.Client.FollowUpsAsync($"?chatMessageIds={trigger}"))!);

        var cleared = await parley.Client.PatchFollowUpAsync(sent, new { chatMessageId = (string?)null, reason = (string?)null });
        await parley.Client.AssertFollowUpAsync(With(completed, cleared, "updatedAt", "reason", "chatMessageId"), "\"4\"");
        Assert.Equal((null, null), (ApiHelpers.Text(cleared["chatMessageId"]), ApiHelpers.Text(cleared["reason"])));
        Assert.Empty((await parley.Client.FollowUpsAsync($"?chatMessageIds={trigger}"))!);
    }

    [Fact]
    public async Task A_message_of_the_chat_is_recorded_while_pending_and_the_trigger_is_changed()
    {
        var trigger = await parley.Client.NewAnsweredChatAsync();
        var followUp = await parley.Client.FollowUpAsync(trigger["chatId"]!);
        var customers = await parley.Client.PostTextAsync(trigger["chatId"]!, "Hm.");
        await RefusedAsync(followUp, new { status = "pending" }, 409, "follow_up_refused");
        await parley.Client.PostTextAsync(trigger["chatId"]!, "Yes?", "assistant");
        var armed = await parley.Client.PatchFollowUpAsync(followUp, new { status = "pending", finishedAt = (string?)null });

        var named = await parley.Client.PatchFollowUpAsync(armed, new { chatMessageId = trigger["id"] });
        var moved = await parley.Client.PatchFollowUpAsync(armed, new { triggerChatMessageId = customers["id"] });

        Assert.Equal(("pending", ApiHelpers.Text(trigger["id"])), (ApiHelpers.Text(named["status"]), ApiHelpers.Text(named["chatMessageId"])));
        Assert.Equal(ApiHelpers.Text(customers["id"]), ApiHelpers.Text(moved["triggerChatMessageId"]));
        foreach (var (message, count) in new[] { (trigger, 1), (customers, 1) })
        {
            var joined = (await parley.Client.ArrayAsync($"v1/chat-messages?chatId={trigger["chatId"]}&joins=chat-message-follow-ups")).Items
                .Single(one => ApiHelpers.Text(one!["id"]) == ApiHelpers.Text(message["id"]));
            Assert.Equal(count, joined!["chatMessageFollowUps"]!.AsArray().Count);
        }

        Assert.Empty((await parley.Client.FollowUpsAsync($"?triggerChatMessageIds={trigger["id"]}"))!);
        Assert.Single((await parley.Client.FollowUpsAsync($"?triggerChatMessageIds={customers["id"]}"))!);
    }

    [Fact]
    public async Task The_message_that_Parley_sent_stays_named()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var sent = await parley.Client.SentAsync(await parley.Client.FollowUpAsync(chat, due: FollowUpCalls.In(TimeSpan.FromSeconds(-1))));

        await RefusedAsync(sent, new { chatMessageId = (string?)null }, 409, "immutable");
        await RefusedAsync(sent, new { finishedAt = (string?)null }, 409, "follow_up_status");
        Assert.True(JsonNode.DeepEquals(sent, await parley.Client.PatchFollowUpAsync(sent, sent)));
        var noted = await parley.Client.PatchFollowUpAsync(sent, new { reason = "seen" });
        await parley.Client.AssertFollowUpAsync(With(sent, noted, "updatedAt", "reason"), "\"3\"");
    }

    [Fact]
    public async Task Null_clears_a_reason_and_nothing_else_changes()
    {
        var followUp = await NewAsync();
        foreach (var nothing in new object[] { new { }, new { reason = (string?)null }, new { chatMessageId = (string?)null }, new { finishedAt = (string?)null }, new { unknown = 1 } })
        {
            Assert.True(JsonNode.DeepEquals(followUp, await parley.Client.PatchFollowUpAsync(followUp, nothing)));
        }

        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
        await parley.Client.PatchFollowUpAsync(followUp, new { reason = "r" });
        var cleared = await parley.Client.PatchFollowUpAsync(followUp, new { reason = (string?)null, message = "x" });
        Assert.Null(cleared["reason"]);
        await parley.Client.AssertFollowUpAsync(With(followUp, cleared, "updatedAt", "message"), "\"3\"");
        var cancelled = await parley.Client.PatchFollowUpAsync(followUp, new { status = "cancelled", reason = (string?)null });
        Assert.Null(cancelled["reason"]);
    }

    [Fact]
    public async Task A_time_of_the_end_goes_with_an_ended_status()
    {
        var followUp = await NewAsync();
        var at = ApiHelpers.Time(followUp["createdAt"]);
        await RefusedAsync(followUp, new { finishedAt = at }, 409, "follow_up_status");
        await RefusedAsync(followUp, new { status = "sent", finishedAt = (string?)null }, 409, "follow_up_status");
        await RefusedAsync(followUp, new { status = "sent", finishedAt = at.AddMilliseconds(-1) }, 422, "invalid_fields", "finishedAt");
        await RefusedAsync(followUp, new { status = "sent", finishedAt = FollowUpCalls.In(TimeSpan.FromMinutes(5.5)) }, 422, "invalid_fields", "finishedAt");
        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");

        var ahead = await parley.Client.PatchFollowUpAsync(followUp, new { status = "failed", finishedAt = FollowUpCalls.In(TimeSpan.FromMinutes(4)) });
        Assert.True(ApiHelpers.Time(ahead["finishedAt"]) > ApiHelpers.Time(ahead["updatedAt"]));
        await RefusedAsync(ahead, new { status = "pending", finishedAt = at }, 409, "follow_up_status");
        Assert.Null((await parley.Client.PatchFollowUpAsync(followUp, new { status = "pending", finishedAt = (string?)null }))["finishedAt"]);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("failed")]
    public async Task A_follow_up_that_was_not_sent_can_be_armed_again(string status)
    {
        var followUp = await NewAsync();
        var chat = followUp["chatId"]!;
        var ended = await parley.Client.PatchFollowUpAsync(followUp, new { status, reason = "first" });
        await RefusedAsync(ended, new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromSeconds(-1)) }, 422, "invalid_fields", "dueDate");
        var due = FollowUpCalls.In(2 * Hour);
        var armed = await parley.Client.PatchFollowUpAsync(ended, new { status = "pending", dueDate = due, message = "Again?" });

        Assert.Equal(("pending", "Again?"), (ApiHelpers.Text(armed["status"]), ApiHelpers.Text(armed["message"])));
        Assert.InRange(ApiHelpers.Time(armed["dueDate"]), due, due.AddMilliseconds(1));
        Assert.Null(armed["finishedAt"]);
        Assert.Null(armed["reason"]);
        await parley.Client.AssertFollowUpAsync(With(followUp, armed, "updatedAt", "dueDate", "message"), "\"3\"");
        var again = await parley.Client.PatchFollowUpAsync(ended, new { status = "cancelled" });
        await parley.Client.AssertEventsAsync(
            followUp,
            (null, "pending", null, "Test key"),
            ("pending", status, "first", "Test key"),
            (status, "pending", null, "Test key"),
            ("pending", "cancelled", "cancelled_by_client", "Test key"));

        // Refused under the same conditions as a creation.
        await parley.Client.PostTextAsync(chat, "Hm.");
        await RefusedAsync(again, new { status = "pending", dueDate = due }, 409, "follow_up_refused");
        await parley.Client.PostTextAsync(chat, "Yes?", "assistant");
        await parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { handedOffUntil = FollowUpCalls.In(Hour) });
        await RefusedAsync(again, new { status = "pending" }, 409, "follow_up_refused");
        await parley.Client.AssertFollowUpAsync(again, "\"4\"");
        await parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { handedOffUntil = (string?)null });

        // With its current due time, which is ahead.
        await parley.Client.PatchFollowUpAsync(again, new { status = "pending" });
        Assert.Equal(ApiHelpers.Text(followUp["triggerChatMessageId"]), ApiHelpers.Text((await parley.Client.NowAsync(again))["triggerChatMessageId"]));
    }

    [Fact]
    public async Task A_follow_up_stays_in_its_chat()
    {
        var trigger = await parley.Client.NewAnsweredChatAsync();
        var number = (await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{trigger["chatId"]}"))["number"]!.GetValue<int>();
        var triggerNumber = (await parley.Client.MessageAsync(number))["id"]!.GetValue<long>();
        var followUp = await parley.Client.FollowUpAsync(number);
        var (chat, id) = (ApiHelpers.Text(trigger["chatId"])!, ApiHelpers.Text(trigger["id"])!);
        object[] same =
        [
            new { chatId = number }, new { chatId = $"{number}" }, new { chatId = chat.ToUpperInvariant() }, new { chat_id = chat },
            new { triggerChatMessageId = triggerNumber }, new { triggerChatMessageId = $"{triggerNumber}" }, new { trigger_chat_message_id = id.ToUpperInvariant() },
        ];
        foreach (var change in same)
        {
            Assert.True(JsonNode.DeepEquals(followUp, await parley.Client.PatchFollowUpAsync(followUp, change)));
        }

        foreach (var change in new object[] { new { chatId = number + 1 }, new { chatId = ApiHelpers.UnknownUuid }, new { chatId = id }, new { chatId = long.MaxValue }, new { message = "x", chatId = ApiHelpers.UnknownUuid } })
        {
            await RefusedAsync(followUp, change, 409, "immutable");
        }

        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Fact]
    public async Task A_due_date_that_has_passed_does_not_begin_again()
    {
        var followUp = await NewAsync();
        var past = await parley.Client.PatchFollowUpAsync(followUp, new { status = "cancelled", dueDate = FollowUpCalls.In(-Hour) });

        await RefusedAsync(past, new { status = "pending" }, 422, "invalid_fields", "dueDate");
        await RefusedAsync(past, new { status = "pending", message = "x" }, 422, "invalid_fields", "dueDate");
        await parley.Client.PatchFollowUpAsync(past, new { status = "pending", dueDate = FollowUpCalls.In(Hour) });
    }

    [Fact]
    public async Task Each_field_has_its_rule()
    {
        var followUp = await NewAsync();
        var now = TimeProvider.System.GetUtcNow();
        var wrong = new (string Field, object[] Values)[]
        {
            ("status", ["", "open", "Pending", 1]),
            ("dueDate", ["", "x", 5, "2027-01-31T12:00:00", now.AddHours(-24).AddMinutes(-1), now.AddYears(2).AddMinutes(1), "9999-12-31T23:59:59.9999999Z"]),
            ("message", ["", new string('x', 4001), 5]),
            ("reason", ["", new string('x', 251), 5]),
            ("chatMessageId", ["", "x", 0, -1, 1.5]),
            ("finishedAt", ["x", 5, "2027-01-31T12:00:00"]),
            ("chatId", ["x", 0]),
            ("triggerChatMessageId", ["x", 0]),
        };
        foreach (var (field, values) in wrong)
        {
            foreach (var value in values)
            {
                await RefusedAsync(followUp, new Dictionary<string, object> { [field] = value }, 422, "invalid_fields", field);
            }
        }

        await RefusedAsync(followUp, wrong.ToDictionary(one => one.Field, one => one.Values[0]), 422, "invalid_fields", [.. wrong.Select(one => one.Field)]);
        await parley.Client.AssertNoTextAsync(
            HttpMethod.Patch, $"{FollowUpCalls.Path}/{followUp["id"]}", new { message = ChatCalls.Marker, reason = ChatCalls.Marker, status = ChatCalls.Marker }, "message", "reason", "status");
        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Theory]
    [InlineData("PATCH", "\"1\"", 200)]
    [InlineData("PATCH", "*", 200)]
    [InlineData("PATCH", "\"9\", \"1\"", 200)]
    [InlineData("PATCH", "\"2\"", 412)]
    [InlineData("PATCH", "W/\"1\"", 412)]
    [InlineData("PATCH", "1", 400)]
    [InlineData("DELETE", "\"1\"", 200)]
    [InlineData("DELETE", "*", 200)]
    [InlineData("DELETE", "\"2\"", 412)]
    [InlineData("DELETE", "1", 400)]
    public async Task If_match_guards_a_change(string method, string ifMatch, int status)
    {
        var followUp = await NewAsync();
        using var response = await parley.Client.SendJsonAsync(
            new HttpMethod(method), $"{FollowUpCalls.Path}/{followUp["id"]}", method == "PATCH" ? new { message = "edited" } : null, ("If-Match", ifMatch));

        if (status == 200)
        {
            var changed = await response.ReadAsync();
            Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
            await parley.Client.AssertFollowUpAsync(changed, "\"2\"");
        }
        else
        {
            await response.AssertProblemAsync(status, status == 412 ? "stale_revision" : "malformed_header");
            await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
        }
    }

    [Fact]
    public async Task A_stale_tag_takes_precedence_over_a_wrong_status_and_an_unchanged_follow_up_keeps_its_tag()
    {
        var followUp = await NewAsync();
        var path = $"{FollowUpCalls.Path}/{followUp["id"]}";
        await parley.Client.CallAsync(HttpMethod.Delete, path);
        using var stale = await parley.Client.SendJsonAsync(HttpMethod.Patch, path, new { status = "sent" }, ("If-Match", "\"1\""));
        await stale.AssertProblemAsync(412, "stale_revision");
        using var again = await parley.Client.SendJsonAsync(HttpMethod.Delete, path, null, ("If-Match", "\"1\""));
        await again.AssertProblemAsync(412, "stale_revision");
        using var same = await parley.Client.SendJsonAsync(HttpMethod.Delete, path, null, ("If-Match", "\"2\""));
        await same.ReadAsync();
        Assert.Equal("\"2\"", same.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task Of_concurrent_ends_the_first_status_stays()
    {
        var followUp = await NewAsync();
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            parley.Client.SendJsonAsync(HttpMethod.Patch, $"{FollowUpCalls.Path}/{followUp["id"]}", new { status = i % 2 == 0 ? "cancelled" : "failed" })));

        // The first one ends it, and three others ask for what is already so.
        var now = await parley.Client.NowAsync(followUp);
        Assert.Equal(4, responses.Count(response => response.StatusCode == HttpStatusCode.OK));
        foreach (var response in responses)
        {
            if (response.StatusCode == HttpStatusCode.OK)
            {
                Assert.True(JsonNode.DeepEquals(now, await response.ReadAsync()));
            }
            else
            {
                await response.AssertProblemAsync(409, "follow_up_status");
            }
        }

        await parley.Client.AssertFollowUpAsync(now, "\"2\"");
        await parley.Client.AssertEventsAsync(followUp, (null, "pending", null, "Test key"), ("pending", ApiHelpers.Text(now["status"])!, ApiHelpers.Text(now["reason"]), "Test key"));
    }

    private async Task<JsonNode> NewAsync() => await parley.Client.FollowUpAsync((await parley.Client.NewAnsweredChatAsync())["chatId"]!);

    private Task RefusedAsync(JsonNode followUp, object change, int status, string code, params string[] fields) =>
        parley.Client.RefusedAsync(HttpMethod.Patch, $"{FollowUpCalls.Path}/{followUp["id"]}", change, status, code, fields);

    /// <summary>The first object with these members of the second.</summary>
    private static JsonNode With(JsonNode first, JsonNode second, params string[] members)
    {
        var both = first.DeepClone();
        foreach (var member in members)
        {
            both[member] = second[member]?.DeepClone();
        }

        return both;
    }
}
