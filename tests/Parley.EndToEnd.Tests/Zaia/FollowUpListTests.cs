using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class FollowUpListTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task Filters_select_alone_and_together()
    {
        var mine = await parley.NewTenantClientAsync("Mine");
        var (ana, bia) = (await mine.NewAnsweredChatAsync(), await mine.NewAnsweredChatAsync());
        var (anaId, biaId) = (ApiHelpers.Text(ana["chatId"])!, ApiHelpers.Text(bia["chatId"])!);
        await mine.FollowUpAsync(1, "a1");
        await mine.FollowUpAsync(2, "b1");
        var a2 = await mine.FollowUpAsync(1, "a2");
        var later = await mine.PostTextAsync(1, "Once more.", "assistant");
        var a3 = await mine.FollowUpAsync(1, "a3");
        var b2 = await mine.FollowUpAsync(2, "b2");
        var a4 = await mine.FollowUpAsync(1, "a4");
        var numbers = (First: await NumberAsync(1, 1), Later: await NumberAsync(1, 0), Bia: await NumberAsync(2, 0));
        await mine.PatchFollowUpAsync(a2, new { status = "sent", chatMessageId = later["id"] });
        await mine.PatchFollowUpAsync(a3, new { status = "cancelled" });
        await mine.PatchFollowUpAsync(b2, new { status = "sent", chatMessageId = bia["id"] });
        await mine.PatchFollowUpAsync(a4, new { status = "failed", reason = "x" });
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirs = await stranger.NewAnsweredChatAsync();
        await stranger.FollowUpAsync(1, "theirs");

        const string All = "a4 b2 a3 a2 b1 a1";
        foreach (var (query, expected) in new[]
        {
            ("", All), ("?pageNumber=&pageSize=", All), ("?unknown=1", All),
            ("?statuses=pending", "b1 a1"), ("?statuses=sent", "b2 a2"), ("?statuses=failed", "a4"), ("?statuses=cancelled", "a3"),
            ("?statuses=cancelled&statuses=failed", "a4 a3"), ("?statuses[]=sent&statuses=pending", "b2 a2 b1 a1"), ("?statuses%5B%5D=sent&statuses=sent", "b2 a2"),
            ("?statuses=pending&statuses=sent&statuses=failed&statuses=cancelled", All),
            ("?chatIds=1", "a4 a3 a2 a1"), ("?chatIds[0]=1", "a4 a3 a2 a1"), ("?statuses[0]=failed", "a4"), ("?statuses[0]=failed&statuses[1]=cancelled", "a4 a3"), ($"?chatIds={biaId}", "b2 b1"), ("?chatIds=1&chatIds[]=2", All), ($"?chatIds=2&chatIds={biaId.ToUpperInvariant()}", "b2 b1"),
            ("?chatIds=1&statuses=pending", "a1"), ($"?chatIds={anaId}&chatIds=2&statuses=sent&statuses=failed", "a4 b2 a2"),
            ($"?triggerChatMessageIds={ana["id"]}", "a2 a1"), ($"?triggerChatMessageIds={numbers.First}", "a2 a1"), ($"?triggerChatMessageIds={numbers.Later}", "a4 a3"),
            ($"?triggerChatMessageIds={later["id"]}&triggerChatMessageIds[]={bia["id"]}", "a4 b2 a3 b1"), ($"?triggerChatMessageIds={ana["id"]}&statuses=sent", "a2"), ($"?triggerChatMessageIds[0]={ana["id"]}", "a2 a1"),
            ($"?chatMessageIds={later["id"]}", "a2"), ($"?chatMessageIds={numbers.Bia}", "b2"), ($"?chatMessageIds={numbers.Later}&chatMessageIds={bia["id"]}", "b2 a2"), ($"?chatMessageIds={ana["id"]}", ""),
            ($"?chatMessageIds={later["id"]}&triggerChatMessageIds={ana["id"]}", "a2"), ($"?chatMessageIds={later["id"]}&triggerChatMessageIds={later["id"]}", ""),
            ($"?chatIds=1&triggerChatMessageIds={later["id"]}", "a4 a3"), ($"?chatIds=2&triggerChatMessageIds={later["id"]}", ""), ($"?chatIds=1&chatMessageIds={bia["id"]}", ""),
            ($"?chatIds=2&chatMessageIds={bia["id"]}&triggerChatMessageIds={numbers.Bia}&statuses=sent", "b2"), ($"?chatIds=2&chatMessageIds={bia["id"]}&statuses=pending", ""),
            ($"?chatIds={theirs["chatId"]}", ""), ($"?chatIds={theirs["chatId"]}&chatIds=2", "b2 b1"), ("?chatIds=999", ""), ($"?chatIds={long.MaxValue}", ""), ($"?chatIds={ApiHelpers.UnknownUuid}", ""),
            ($"?triggerChatMessageIds={theirs["id"]}", ""), ($"?triggerChatMessageIds={ApiHelpers.UnknownUuid}", ""), ("?triggerChatMessageIds=1", ""), ($"?triggerChatMessageIds={anaId}", ""),
            ($"?chatMessageIds={theirs["id"]}", ""), ($"?chatMessageIds={ApiHelpers.UnknownUuid}&statuses=sent", ""), ($"?chatMessageIds={long.MaxValue}", ""),
        })
        {
            var found = await mine.FollowUpsAsync(query);
            Assert.True(expected == Texts(found), $"{query}: {Texts(found)} instead of {expected}");
        }

        // Equal to the follow-ups read one by one.
        foreach (var followUp in await mine.FollowUpsAsync(""))
        {
            Assert.True(JsonNode.DeepEquals(await mine.NowAsync(followUp!), followUp));
        }

        async Task<long> NumberAsync(int chat, int place) => (await mine.MessageAsync(chat, place))["id"]!.GetValue<long>();
    }

    [Fact]
    public async Task Pages_are_newest_first()
    {
        var client = await parley.NewTenantClientAsync("Pages");
        await client.NewAnsweredChatAsync();
        await client.NewAnsweredChatAsync();
        for (var i = 1; i <= 12; i++)
        {
            var followUp = await client.FollowUpAsync(1 + i % 2, $"{i}");
            if (i % 3 == 0)
            {
                await client.CallAsync(HttpMethod.Delete, $"{FollowUpCalls.Path}/{followUp["id"]}");
            }
        }

        foreach (var filter in new[] { "", "chatIds=1&chatIds=2&" })
        {
            Assert.Equal("12 11 10 9 8 7 6 5 4 3", await PageAsync(filter));
            Assert.Equal("2 1", await PageAsync(filter + "pageNumber=2"));
            Assert.Equal("", await PageAsync(filter + "pageNumber=3"));
            Assert.Equal("12 11 10 9 8 7 6 5 4 3 2 1", await PageAsync(filter + "pageSize=100&pageNumber=1"));
            Assert.Equal("12 11 10 9 8", await PageAsync(filter + "pageSize=5"));
            Assert.Equal("7 6 5 4 3", await PageAsync(filter + "pageSize=5&pageNumber=2"));
            Assert.Equal("2 1", await PageAsync(filter + "pageSize=5&pageNumber=3"));
            Assert.Equal("1", await PageAsync(filter + "pageSize=1&pageNumber=12"));
            Assert.Equal("12 9 6", await PageAsync(filter + "statuses=cancelled&pageSize=3"));
            Assert.Equal("3", await PageAsync(filter + "statuses=cancelled&pageSize=3&pageNumber=2"));
            Assert.Equal("4 2 1", await PageAsync(filter + "statuses=pending&pageSize=5&pageNumber=2"));
            Assert.Equal("", await PageAsync(filter + "pageSize=100&pageNumber=100"));
            Assert.Equal("", await PageAsync(filter + "pageSize=1&pageNumber=10000"));
        }

        async Task<string> PageAsync(string query) => Texts(await client.FollowUpsAsync("?" + query));
    }

    [Fact]
    public async Task A_follow_up_that_changes_its_status_is_in_the_list_once()
    {
        var client = await parley.NewTenantClientAsync("Moves");
        await client.NewAnsweredChatAsync();
        var followUp = await client.FollowUpAsync(1, "moves");
        await client.FollowUpAsync(1, "stays");
        foreach (var (change, status) in new (object, string)[]
        {
            (new { status = "failed", reason = "x" }, "failed"), (new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) }, "pending"),
            (new { reason = "x" }, "pending"), (new { status = "cancelled" }, "cancelled"), (new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) }, "pending"),
        })
        {
            var moved = await client.PatchFollowUpAsync(followUp, change);
            Assert.Equal("stays moves", Texts(await client.FollowUpsAsync("")));
            foreach (var other in new[] { "pending", "sent", "failed", "cancelled" })
            {
                var found = await client.FollowUpsAsync($"?statuses={other}");
                Assert.Equal(other == status, found.Any(one => JsonNode.DeepEquals(moved, one)));
                Assert.Equal((other == "pending" ? 1 : 0) + (other == status ? 1 : 0), found.Count);
            }
        }
    }

    [Fact]
    public async Task Each_parameter_has_its_rule()
    {
        var ids = string.Concat(Enumerable.Range(1, 50).Select(i => $"&chatIds={100 + i}"));
        foreach (var (query, field) in new[]
        {
            ("statuses=open", "statuses"), ("statuses=pending&statuses=Sent", "statuses"), ("statuses=1", "statuses"), ("statuses=pending,sent", "statuses"),
            ("chatIds=x", "chatIds"), ("chatIds=", "chatIds"), ("chatIds[]=", "chatIds"), ("statuses=", "statuses"), ("chatIds[a]=1", "chatIds"), ("pageSize[]=5", "pageSize"), ("chatIds=0", "chatIds"), ("chatIds=1&chatIds[]=-1", "chatIds"), ("chatIds=1" + ids, "chatIds"),
            ("chatMessageIds=x", "chatMessageIds"), ("chatMessageIds=1.5", "chatMessageIds"), ("triggerChatMessageIds=x", "triggerChatMessageIds"), ("triggerChatMessageIds=%00", "triggerChatMessageIds"),
            ("pageNumber=0", "pageNumber"), ("pageNumber=-1", "pageNumber"), ("pageNumber=x", "pageNumber"), ("pageNumber=10001&pageSize=1", "pageNumber"), ("pageNumber=99999999999", "pageNumber"),
            ("pageSize=0", "pageSize"), ("pageSize=101", "pageSize"), ("pageSize=x", "pageSize"),
            ("pageNumber=101&pageSize=100", "pageNumber"), ("pageNumber=1001", "pageNumber"), ("pageNumber=5001&pageSize=2", "pageNumber"),
        })
        {
            await parley.Client.RefusedAsync(HttpMethod.Get, $"{FollowUpCalls.Path}?{query}", null, 422, "invalid_fields", field);
        }

        await parley.Client.RefusedAsync(
            HttpMethod.Get,
            $"{FollowUpCalls.Path}?statuses=x&chatIds=x&chatMessageIds=x&triggerChatMessageIds=x&pageNumber=x&pageSize=x",
            null,
            422,
            "invalid_fields",
            "statuses",
            "chatIds",
            "chatMessageIds",
            "triggerChatMessageIds",
            "pageNumber",
            "pageSize");
        var client = await parley.NewTenantClientAsync("Rules");
        Assert.Empty(await client.FollowUpsAsync($"?pageNumber=1000&pageSize=10{ids}"));
    }

    [Fact]
    public async Task Messages_are_joined_with_the_follow_ups_that_they_triggered_or_that_sent_them()
    {
        var client = await parley.NewTenantClientAsync("Joins");
        var first = await client.NewAnsweredChatAsync();
        var (a, b) = (await client.FollowUpAsync(1, "a"), await client.FollowUpAsync(1, "b"));
        var reply = await client.PostTextAsync(1, "Hm.");
        var last = await client.PostTextAsync(1, "Yes?", "assistant");
        var c = await client.FollowUpAsync(1, "c");
        await client.PatchFollowUpAsync(b, new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) });
        await client.PatchFollowUpAsync(b, new { status = "sent", chatMessageId = last["id"] });
        (a, b) = (await client.NowAsync(a), await client.NowAsync(b));

        await AssertJoinedAsync("", ([a, b], first), ([], reply), ([b, c], last));
        await AssertJoinedAsync("&limit=1", ([a, b], first));
        await AssertJoinedAsync($"&chatThreadId={ApiHelpers.UnknownUuid}");
        var thread = await client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = 1, chatMessageId = reply["id"] });
        var inThread = await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 1, content = "x", role = "assistant", chatThreadId = thread["id"] });
        var d = await client.FollowUpAsync(1, "d");
        await AssertJoinedAsync($"&chatThreadId={thread["id"]}", ([d], inThread));

        async Task AssertJoinedAsync(string query, params (JsonNode[] FollowUps, JsonNode Message)[] expected)
        {
            var items = (await client.ArrayAsync($"v1/chat-messages?chatId=1&joins=chat-message-follow-ups{query}")).Items;
            foreach (var (item, (followUps, message)) in items.Zip(expected))
            {
                Assert.Equal(ApiHelpers.Text(message["id"]), ApiHelpers.Text(item!["id"]));
                Assert.True(JsonNode.DeepEquals(new JsonArray([.. followUps.Select(one => one.DeepClone())]), item["chatMessageFollowUps"]), $"{item}");
            }

            Assert.Equal(expected.Length, items.Count);
        }
    }

    [Fact]
    public async Task The_list_takes_no_body_and_other_methods_are_refused()
    {
        foreach (var (method, path) in new[] { (HttpMethod.Put, FollowUpCalls.Path), (HttpMethod.Delete, FollowUpCalls.Path), (HttpMethod.Post, $"{FollowUpCalls.Path}/{ApiHelpers.UnknownUuid}/events") })
        {
            using var response = await parley.Client.SendJsonAsync(method, path, null);
            await response.AssertProblemAsync((int)HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        }
    }

    private static string Texts(JsonArray followUps) => string.Join(' ', followUps.Select(one => one!["message"]!.GetValue<string>()));
}
