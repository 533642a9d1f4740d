using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

[Collection(HostCollection.Name)]
public class FollowUpChangeTests(ParleyFixture parley)
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
        var reworded = await PatchAsync(new { message = longest.Text, dueDate = (string?)null, reason = (string?)null, status = (string?)null });
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
    public async Task A_pending_follow_up_is_ended(string status, string? reason, string stored)
    {
        var followUp = await NewAsync();
        var ended = await parley.Client.PatchFollowUpAsync(followUp, new { status, reason });

        Assert.Equal((status, stored), (ApiHelpers.Text(ended["status"]), ApiHelpers.Text(ended["reason"])));
        Assert.Equal(ApiHelpers.Time(ended["updatedAt"]), ApiHelpers.Time(ended["finishedAt"]));
        Assert.True(ApiHelpers.Time(followUp["createdAt"]) <= ApiHelpers.Time(ended["finishedAt"]));
        await parley.Client.AssertFollowUpAsync(With(followUp, ended, "updatedAt", "finishedAt", "status", "reason"), "\"2\"");

        // Repeating the request changes nothing; any other change is refused.
        Assert.True(JsonNode.DeepEquals(ended, await parley.Client.PatchFollowUpAsync(ended, new { status })));
        Assert.True(JsonNode.DeepEquals(ended, await parley.Client.PatchFollowUpAsync(ended, ended)));
        foreach (var change in new object[] { new { reason = "another" }, new { message = "another" }, new { dueDate = FollowUpCalls.In(2 * Hour) }, new { status = "sent" }, new { status = status == "failed" ? "cancelled" : "failed", reason = "x" } })
        {
            await RefusedAsync(ended, change, 409, "follow_up_status");
        }

        // A request that ends the follow-up may change nothing else.
        var other = await NewAsync();
        foreach (var change in new object[] { new { status, reason = "r", message = "another" }, new { status, reason = "r", dueDate = FollowUpCalls.In(2 * Hour) } })
        {
            await RefusedAsync(other, change, 409, "immutable");
        }

        Assert.Equal(status, ApiHelpers.Text((await parley.Client.PatchFollowUpAsync(other, new { status, reason = "r", message = other["message"], dueDate = other["dueDate"] }))["status"]));

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
        await RefusedAsync(byUuid, new { status = "sent" }, 422, "invalid_fields", "chatMessageId");
        foreach (var message in new object[] { ApiHelpers.Text(elsewhere["id"])!, ApiHelpers.UnknownUuid, ApiHelpers.Text(chat["id"])!, staff + 1, 1, long.MaxValue })
        {
            await RefusedAsync(byUuid, new { status = "sent", chatMessageId = message }, 422, "invalid_fields", "chatMessageId");
        }

        var deleted = await parley.Client.PostTextAsync(number, "Never mind.", "assistant");
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{number}/messages/{deleted["id"]}");
        await RefusedAsync(byUuid, new { status = "sent", chatMessageId = deleted["id"] }, 422, "invalid_fields", "chatMessageId");

        var sent = await parley.Client.PatchFollowUpAsync(byUuid, new { status = "sent", chatMessageId = first["id"] });
        Assert.Equal("sent", ApiHelpers.Text(sent["status"]));
        Assert.Equal(ApiHelpers.Text(first["id"]), ApiHelpers.Text(sent["chatMessageId"]));
        Assert.Null(sent["reason"]);
        Assert.Equal(ApiHelpers.Time(sent["updatedAt"]), ApiHelpers.Time(sent["finishedAt"]));
        await parley.Client.AssertFollowUpAsync(With(byUuid, sent, "updatedAt", "finishedAt", "status", "chatMessageId"), "\"2\"");
        var other = await parley.Client.PatchFollowUpAsync(byNumber, new { status = "sent", chat_message_id = staff, reason = "by hand" });
        Assert.Equal("by hand", ApiHelpers.Text(other["reason"]));
        var messages = (await parley.Client.ArrayAsync($"v1/chat-messages?chatId={number}")).Items;
        Assert.Equal(ApiHelpers.Text(messages[^2]!["id"]), ApiHelpers.Text(other["chatMessageId"]));
        Assert.Equal(3, messages.Count);
        await parley.Client.AssertEventsAsync(byNumber, (null, "pending", null, "Test key"), ("pending", "sent", "by hand", "Test key"));

        // A sent follow-up stays sent.
        object[] changes =
        [
            new { status = "sent" }, new { status = "sent", chatMessageId = first["id"] }, new { status = "pending", dueDate = FollowUpCalls.In(Hour) }, new { status = "cancelled" },
            new { status = "failed", reason = "x" }, new { message = "x" }, new { dueDate = FollowUpCalls.In(Hour) }, new { reason = "x" }, sent,
        ];
        foreach (var change in changes)
        {
            await RefusedAsync(sent, change, 409, "follow_up_status");
        }

        await parley.Client.RefusedAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{sent["id"]}", null, 409, "follow_up_status");
        await parley.Client.AssertFollowUpAsync(sent, "\"2\"");
    }

    [Fact]
    public async Task A_customers_message_cannot_be_recorded_as_sent()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var customers = await parley.Client.PostTextAsync(chat, "Hm.");
        await parley.Client.PostTextAsync(chat, "Yes?", "assistant");
        var followUp = await parley.Client.FollowUpAsync(chat);

        await RefusedAsync(followUp, new { status = "sent", chatMessageId = customers["id"] }, 422, "invalid_fields", "chatMessageId");
        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("failed")]
    public async Task A_follow_up_that_was_not_sent_can_be_armed_again(string status)
    {
        var followUp = await NewAsync();
        var chat = followUp["chatId"]!;
        var ended = await parley.Client.PatchFollowUpAsync(followUp, new { status, reason = "first" });
        await RefusedAsync(ended, new { status = "pending" }, 422, "invalid_fields", "dueDate");
        await RefusedAsync(ended, new { status = "pending", message = "x" }, 422, "invalid_fields", "dueDate");
        await RefusedAsync(ended, new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromSeconds(-1)) }, 422, "invalid_fields", "dueDate");
        var due = FollowUpCalls.In(2 * Hour);
        var armed = await parley.Client.PatchFollowUpAsync(ended, new { status = "pending", dueDate = due, message = "Again?", reason = "ignored" });

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
        await RefusedAsync(again, new { status = "pending", dueDate = due }, 409, "follow_up_refused");
        await parley.Client.AssertFollowUpAsync(again, "\"4\"");
        await parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { handedOffUntil = (string?)null });

        // With its current due time.
        await parley.Client.PatchFollowUpAsync(again, new { status = "pending", dueDate = due });
        Assert.Equal(ApiHelpers.Text(followUp["triggerChatMessageId"]), ApiHelpers.Text((await parley.Client.NowAsync(again))["triggerChatMessageId"]));
    }

    [Fact]
    public async Task Some_fields_are_accepted_only_with_their_current_value()
    {
        var trigger = await parley.Client.NewAnsweredChatAsync();
        var number = (await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{trigger["chatId"]}"))["number"]!.GetValue<int>();
        var triggerNumber = (await parley.Client.MessageAsync(number))["id"]!.GetValue<long>();
        var followUp = await parley.Client.FollowUpAsync(number);
        var other = await parley.Client.PostTextAsync(number, "x", "assistant");
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

        object[] changes =
        [
            new { chatId = number + 1 }, new { chatId = ApiHelpers.UnknownUuid }, new { chatId = id }, new { chatId = long.MaxValue },
            new { triggerChatMessageId = other["id"] }, new { triggerChatMessageId = triggerNumber + 1 }, new { triggerChatMessageId = ApiHelpers.UnknownUuid }, new { triggerChatMessageId = 1 },
            new { chatMessageId = id }, new { chatMessageId = triggerNumber }, new { status = "cancelled", chatMessageId = id }, new { finishedAt = FollowUpCalls.In(-Hour) },
            new { status = "cancelled", finishedAt = FollowUpCalls.In(TimeSpan.Zero) }, new { message = "x", chatId = ApiHelpers.UnknownUuid },
        ];
        foreach (var change in changes)
        {
            await RefusedAsync(followUp, change, 409, "immutable");
        }

        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
        var sent = await parley.Client.PatchFollowUpAsync(followUp, new { status = "sent", chatMessageId = id });
        await RefusedAsync(sent, new { finishedAt = FollowUpCalls.In(-Hour) }, 409, "immutable");
        await RefusedAsync(sent, new { chatMessageId = other["id"] }, 409, "follow_up_status");
        var cancelled = await parley.Client.PatchFollowUpAsync(await parley.Client.FollowUpAsync(number), new { status = "cancelled" });
        Assert.True(JsonNode.DeepEquals(cancelled, await parley.Client.PatchFollowUpAsync(cancelled, new { finishedAt = cancelled["finishedAt"] })));
        var armed = await parley.Client.PatchFollowUpAsync(cancelled, new { finishedAt = cancelled["finishedAt"], status = "pending", dueDate = FollowUpCalls.In(Hour) });
        Assert.Null(armed["finishedAt"]);
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
        foreach (var nothing in new object[] { new { }, new { unknown = 1 }, new { message = (string?)null, status = (string?)null, dueDate = (string?)null }, new { id = followUp["id"] } })
        {
            await RefusedAsync(followUp, nothing, 422, "invalid_fields", "body");
        }

        await RefusedAsync(followUp, new { status = "failed" }, 422, "invalid_fields", "reason");
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
    public async Task Of_eight_concurrent_ends_one_succeeds()
    {
        var followUp = await NewAsync();
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            parley.Client.SendJsonAsync(HttpMethod.Patch, $"{FollowUpCalls.Path}/{followUp["id"]}", new { status = i % 2 == 0 ? "cancelled" : "failed", reason = $"{i}" })));

        var won = await Assert.Single(responses, response => response.StatusCode == HttpStatusCode.OK).ReadAsync();
        foreach (var lost in responses.Where(response => response.StatusCode != HttpStatusCode.OK))
        {
            await lost.AssertProblemAsync(409, "follow_up_status");
        }

        await parley.Client.AssertFollowUpAsync(won, "\"2\"");
        await parley.Client.AssertEventsAsync(followUp, (null, "pending", null, "Test key"), ("pending", ApiHelpers.Text(won["status"])!, ApiHelpers.Text(won["reason"]), "Test key"));
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
