using System.Text;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>
/// A client of Zaia, written from docs.zaia.app (documentation/api-reference-alpha/reference: chats, chat-messages,
/// chat-message-follow-ups), does its work with a key of its dialect. It sends the bare key.
/// </summary>
public class ZaiaClientTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Chats = "v1/chats";
    private const string Messages = "v1/chat-messages";
    private const string FollowUps = "v1/chat-message-follow-ups";
    private const string UuidForm = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";

    [Fact]
    public async Task A_chat_is_found_and_shown()
    {
        using var client = await NewClientAsync();
        VendorClient.AssertEqual(new JsonArray(), await client.GetAsync(Chats));
        var (chat, owner, channel) = await NewChatAsync(client, "whatsapp", "+55 11 99999-0000", "Ana");
        var listed = Assert.Single((await client.GetAsync(Chats)).AsArray())!;
        var workspace = ApiHelpers.Text(listed["workspaceId"])!;
        Assert.Matches(UuidForm, workspace);
        ApiHelpers.Time(listed["createdAt"]);
        var expected = new JsonObject
        {
            ["id"] = chat,
            ["createdAt"] = ApiHelpers.Text(listed["createdAt"]),
            ["channelId"] = channel,
            ["channelName"] = "whatsapp",
            ["channelType"] = "whatsapp",
            ["isOwnerBlocked"] = false,
            ["isRemoved"] = false,
            ["lastMessageContent"] = null,
            ["lastMessageCreatedAt"] = null,
            ["lastMessageRole"] = null,
            ["ownerEmail"] = null,
            ["ownerId"] = owner,
            ["ownerIdentifier"] = "+55 11 99999-0000",
            ["ownerName"] = "Ana",
            ["penultimateMessageContent"] = null,
            ["penultimateMessageCreatedAt"] = null,
            ["penultimateMessageRole"] = null,
            ["responderEntity"] = null,
            ["responderId"] = null,
            ["responderName"] = null,
            ["responderPicture"] = null,
            ["responderVersion"] = null,
            ["responderVersionId"] = null,
            ["ticketId"] = null,
            ["ticketStatus"] = null,
            ["title"] = null,
            ["workspaceId"] = workspace,
        };
        VendorClient.AssertEqual(expected, listed);

        var chatbot = await client.PostAsync("v1/chatbots", new { name = "Helper" }, 201);
        await client.SendAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { title = "Order 17", chatbot = chatbot["id"] });
        var question = await PostAsync(client, chat, owner, "Where is it?", "user");
        var answer = await PostAsync(client, chat, null, "On its way.", "assistant");
        var ticket = await client.PostAsync("v1/tickets", new { chatId = chat }, 201);
        await client.SendAsync(HttpMethod.Patch, $"v1/senders/{owner}", new { email = "ana@example.com", blocked = true });
        expected["title"] = "Order 17";
        expected["lastMessageContent"] = "On its way.";
        expected["lastMessageCreatedAt"] = answer["createdAt"]!.DeepClone();
        expected["lastMessageRole"] = "assistant";
        expected["penultimateMessageContent"] = "Where is it?";
        expected["penultimateMessageCreatedAt"] = question["createdAt"]!.DeepClone();
        expected["penultimateMessageRole"] = "user";
        expected["responderEntity"] = "agents";
        expected["responderId"] = chatbot["id"]!.DeepClone();
        expected["responderName"] = "Helper";
        expected["ticketId"] = ticket["id"]!.DeepClone();
        expected["ticketStatus"] = "pending";
        expected["ownerEmail"] = "ana@example.com";
        expected["isOwnerBlocked"] = true;
        VendorClient.AssertEqual(expected, await client.GetAsync($"{Chats}/{chat}/details"));
        VendorClient.AssertEqual(new JsonArray(expected.DeepClone()), await client.GetAsync(Chats));
    }

    [Fact]
    public async Task Chats_are_filtered_and_paged()
    {
        using var client = await NewClientAsync();
        var (ana, anasId, whatsapp) = await NewChatAsync(client, "whatsapp", "ana", "Ana");
        var (bob, bobsId, waha) = await NewChatAsync(client, "waha", "bob", "Bob");
        var (own, _, shop) = await NewChatAsync(client, "Shop 12", "ana", "Ana");
        var web = ApiHelpers.Text((await client.PostAsync("v1/conversations", new { webChat = ApiHelpers.UnknownUuid }, 201))["id"])!;
        var bare = ApiHelpers.Text((await client.PostAsync("v1/conversations", new { title = "No channel" }, 201))["id"])!;
        var at = ApiHelpers.Text((await PostAsync(client, bob, bobsId, "Hi", "user"))["createdAt"])!;
        var time = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        string In(double minutes) => $"{time.AddMinutes(minutes).UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z";

        foreach (var (query, found) in new (string, string[])[]
        {
            ($"ownerIds={anasId}", [ana, own]), ($"ownerIds={anasId}&ownerIds={bobsId}", [ana, bob, own]), ($"ownerIds[0]={bobsId}", [bob]),
            ($"ownerIds={ApiHelpers.UnknownUuid}", []), ($"channelIds={whatsapp}", [ana]), ($"channelIds={waha}&channelIds={shop}", [bob, own]),
            ($"channelIds={whatsapp}&ownerIds={anasId}", [ana]), ($"channelIds={waha}&ownerIds={anasId}", []), ($"channelIds={ApiHelpers.UnknownUuid}", [web]),
            ("channelTypes=whatsapp", [ana]), ("channelTypes=api", [own]), ("channelTypes=widget", [web]), ("channelTypes[]=waha&channelTypes[]=api", [bob, own]),
            ("channelTypes=instagram", []), ("channelTypes=widget&channelTypes=waha&channelTypes=whatsapp&channelTypes=instagram&channelTypes=api", [ana, bob, own, web, bare]),
            ($"channelTypes=api&ownerIds={anasId}", [own]), ($"lastChatMessageCreatedAtStart={In(-30)}", [ana, bob, own, web, bare]),
            ($"lastChatMessageCreatedAtStart={In(30)}", []), ($"lastChatMessageCreatedAtEnd={In(-30)}", []), ($"lastChatMessageCreatedAtStart={at}", [bob]),
            ($"lastChatMessageCreatedAtStart={at}&lastChatMessageCreatedAtEnd={at}", [bob]), ("lastChatMessageCreatedAtEnd=1601-01-01T00:00:00Z", []),
            ("lastChatMessageCreatedAtStart=1601-01-01T00:00:00Z&lastChatMessageCreatedAtEnd=9999-12-31T23:59:59Z", [ana, bob, own, web, bare]),
        })
        {
            var shown = (await client.GetAsync($"{Chats}?{query}")).AsArray().Select(one => ApiHelpers.Text(one!["id"])!);
            Assert.Equal(found.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
        }

        var all = (await client.GetAsync(Chats)).AsArray().Select(one => ApiHelpers.Text(one!["id"])!).ToList();
        Assert.Equal(5, all.Count);
        for (var page = 1; page <= 4; page++)
        {
            var shown = (await client.GetAsync($"{Chats}?pageSize=2&pageNumber={page}")).AsArray().Select(one => ApiHelpers.Text(one!["id"])!);
            Assert.Equal(all.Skip(2 * (page - 1)).Take(2), shown);
        }
    }

    [Fact]
    public async Task Messages_are_posted_and_listed()
    {
        using var client = await NewClientAsync();
        var (chat, owner, _) = await NewChatAsync(client, "whatsapp", "+55 11 99999-0001", "Ana");

        // All members are required at Zaia. Parley takes the request without those that may be null, and without a sender.
        var first = await PostAsync(client, chat, owner, "Where is it?", "user");
        var second = await client.PostAsync(Messages, new { chatId = chat, content = "On its way.", role = "assistant" });
        AssertMessage(first, chat, owner, "Where is it?", "user");
        AssertMessage(second, chat, null, "On its way.", "assistant");
        VendorClient.AssertEqual(new JsonArray(first.DeepClone(), second.DeepClone()), await client.GetAsync($"{Messages}?chatId={chat}"));
        VendorClient.AssertEqual(new JsonArray(first.DeepClone()), await client.GetAsync($"{Messages}?chatId={chat}&pagination[limit]=1"));

        var joined = (await client.GetAsync($"{Messages}?chatId={chat}&joins=senders&joins=chat-message-follow-ups"))[0]!;
        Assert.Equal("external-users", ApiHelpers.Text(joined["sender"]!["entity"]));
        Assert.Equal("Ana", ApiHelpers.Text(joined["sender"]!["name"]));
        Assert.Empty(joined["chatMessageFollowUps"]!.AsArray());

        var thread = await client.PostAsync("v1/chat-threads", new { chatId = chat, chatMessageId = first["id"] });
        VendorClient.AssertEqual(
            new JsonArray(new JsonObject
            {
                ["id"] = ApiHelpers.Text(thread["id"]),
                ["createdAt"] = ApiHelpers.Text(thread["createdAt"]),
                ["updatedAt"] = ApiHelpers.Text(thread["createdAt"]),
                ["chatId"] = chat,
                ["chatMessageId"] = ApiHelpers.Text(first["id"]),
            }),
            await client.GetAsync($"v1/chat-threads?chatId={chat}"));
    }

    [Fact]
    public async Task A_list_has_250_messages_unless_the_client_says_otherwise()
    {
        using var client = await NewClientAsync();
        var (chat, owner, _) = await NewChatAsync(client, "whatsapp", "+55 11 99999-0002", "Ana");
        await Parallel.ForAsync(0, 251, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) => await PostAsync(client, chat, owner, $"{i}", "user"));

        var shown = (await client.GetAsync($"{Messages}?chatId={chat}")).AsArray();
        Assert.Equal(250, shown.Count);

        // Threads have pages of ten.
        var threads = new List<string>();
        foreach (var message in shown.Take(11))
        {
            threads.Add(ApiHelpers.Text((await client.PostAsync("v1/chat-threads", new { chatId = chat, chatMessageId = message!["id"] }))["id"])!);
        }

        async Task<IEnumerable<string?>> PageAsync(string query) =>
            (await client.GetAsync($"v1/chat-threads?chatId={chat}{query}")).AsArray().Select(thread => ApiHelpers.Text(thread!["id"]));
        Assert.Equal(threads.Take(10), await PageAsync(""));
        Assert.Equal(threads.Skip(10), await PageAsync("&pageNumber=2"));
        Assert.Equal(threads.Skip(4).Take(4), await PageAsync("&pageNumber=2&pageSize=4"));
        Assert.Equal(251, (await client.GetAsync($"{Messages}?chatId={chat}&limit=1000")).AsArray().Count);
    }

    [Fact]
    public async Task Follow_ups_are_made_listed_and_changed()
    {
        using var client = await NewClientAsync();
        var (chat, owner, _) = await NewChatAsync(client, "whatsapp", "+55 11 99999-0003", "Ana");
        await PostAsync(client, chat, owner, "Where is it?", "user");
        var trigger = await PostAsync(client, chat, null, "On its way.", "assistant");
        var due = $"{TimeProvider.System.GetUtcNow().AddDays(1):yyyy-MM-ddTHH:mm:ss}.000Z";

        var made = await client.PostAsync(FollowUps, new { chatId = chat, dueDate = due, message = "Did it arrive?" }, 201);
        Assert.Matches(UuidForm, ApiHelpers.Text(made["id"])!);
        ApiHelpers.Time(made["createdAt"]);
        var expected = new JsonObject
        {
            ["id"] = ApiHelpers.Text(made["id"]),
            ["createdAt"] = ApiHelpers.Text(made["createdAt"]),
            ["updatedAt"] = ApiHelpers.Text(made["createdAt"]),
            ["chatId"] = chat,
            ["chatMessageId"] = null,
            ["dueDate"] = due,
            ["finishedAt"] = null,
            ["message"] = "Did it arrive?",
            ["reason"] = null,
            ["status"] = "pending",
            ["triggerChatMessageId"] = ApiHelpers.Text(trigger["id"]),
        };
        VendorClient.AssertEqual(expected, made);
        foreach (var query in new[]
        {
            "", $"?chatIds={chat}", "?statuses[0]=pending&statuses[1]=failed", $"?triggerChatMessageIds={trigger["id"]}", "?pageNumber=1&pageSize=10",
        })
        {
            VendorClient.AssertEqual(new JsonArray(expected.DeepClone()), await client.GetAsync(FollowUps + query));
        }

        var changed = await client.SendAsync(
            HttpMethod.Patch, $"{FollowUps}/{made["id"]}", new { status = "cancelled", reason = "The customer has called.", chatMessageId = (string?)null });
        expected["status"] = "cancelled";
        expected["reason"] = "The customer has called.";
        expected["updatedAt"] = ApiHelpers.Text(changed["updatedAt"]);
        expected["finishedAt"] = ApiHelpers.Text(changed["finishedAt"]);
        Assert.True(ApiHelpers.Time(changed["finishedAt"]) >= ApiHelpers.Time(made["createdAt"]));
        VendorClient.AssertEqual(expected, changed);
        VendorClient.AssertEqual(new JsonArray(), await client.GetAsync($"{FollowUps}?statuses=pending"));
    }

    /// <summary>Row C27 too: a range without a start is everything up to its end.</summary>
    [Fact]
    public async Task An_export_calls_back_when_it_is_ready()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var client = await NewClientAsync();
        var (chat, owner, _) = await NewChatAsync(client, "whatsapp", "+55 11 99999-0004", "Ana");
        var message = await PostAsync(client, chat, owner, "Where is it?", "user");

        var begun = await client.PostAsync(
            "v1/chat-messages/export", new { callbackUrl = receiver.Url(), rangeStart = (string?)null, rangeEnd = (string?)null, language = "zhTw", format = "csv" });
        VendorClient.AssertEqual(
            new JsonObject
            {
                ["message"] = "The export has begun; the callback URL is called when it has ended.",
                ["exportId"] = ApiHelpers.Text(begun["exportId"]),
            },
            begun);

        var callback = JsonNode.Parse((await receiver.NextAsync()).Body)!;
        Assert.Equal("export.completed", ApiHelpers.Text(callback["type"]));
        var data = callback["data"]!;
        Assert.Equal(ApiHelpers.Text(begun["exportId"]), ApiHelpers.Text(data["exportId"]));
        Assert.Equal(1, data["rows"]!.GetValue<int>());
        Assert.Null(data["rangeStart"]);
        var file = Encoding.UTF8.GetString(await client.DownloadAsync(ApiHelpers.Text(data["url"])!));
        Assert.Equal(
            "\uFEFF對話編號,對話標題,訊息編號,時間,角色,發送者,內容,工單,討論串,已編輯,已刪除,外部識別碼,內容_2,內容_3,內容_4\r\n"
            + $"1,,1,{ApiHelpers.Text(message["createdAt"])},客戶,Ana,Where is it?,,,否,否,,,,\r\n",
            file);

        // A start before the first message, and an end before it.
        var ended = ApiHelpers.Text(message["createdAt"]);
        var empty = await client.PostAsync(
            "v1/chat-messages/export", new { callbackUrl = receiver.Url("empty"), rangeStart = (string?)null, rangeEnd = ended, format = "csv" });
        var export = await client.GetAsync($"v1/exports/{empty["exportId"]}");
        Assert.Null(export["rangeStart"]);
        Assert.Equal(ended, ApiHelpers.Text(export["rangeEnd"]));
    }

    [Fact]
    public async Task What_is_unknown_or_invalid_is_refused()
    {
        using var client = await NewClientAsync();
        await client.GetAsync(Chats);
        foreach (var (path, status) in new[]
        {
            ($"{Chats}/{ApiHelpers.UnknownUuid}/details", 404), ($"{Messages}?chatId={ApiHelpers.UnknownUuid}", 404), ($"{Messages}?chatId=x", 422),
            ($"{Chats}?pageSize=101", 422), ($"{Chats}?pageNumber=101&pageSize=100", 422), ($"{Chats}?channelTypes=email", 422), ($"{Chats}?channelIds=1", 422),
            ($"{Chats}?{string.Join('&', Enumerable.Repeat($"ownerIds={ApiHelpers.UnknownUuid}", 11))}", 422), ($"{Chats}?ownerIds=", 422),
            ($"{Chats}?lastChatMessageCreatedAtStart=yesterday", 422),
        })
        {
            await AssertRefusedAsync(client, path, status);
        }
    }

    private static async Task AssertRefusedAsync(VendorClient client, string path, int status)
    {
        using var response = await client.SendRawAsync(HttpMethod.Get, path);
        Assert.Equal(status, (int)response.StatusCode);
    }

    private async Task<VendorClient> NewClientAsync()
    {
        var (_, key) = await VendorClient.NewKeyAsync(parley, "zaia");
        return new VendorClient(parley.Api, ("authorization", key));
    }

    /// <summary>Zaia's channels create chats; a program of the operator does so here.</summary>
    private static async Task<(string Chat, string Owner, string Channel)> NewChatAsync(VendorClient client, string channel, string address, string name)
    {
        var chat = await client.PostAsync("v1/conversations", new { channel, address, first_name = name }, 201);
        return (ApiHelpers.Text(chat["id"])!, ApiHelpers.Text(chat["contact"]!["id"])!, ApiHelpers.Text(chat["inbox"]!["id"])!);
    }

    private static Task<JsonNode> PostAsync(VendorClient client, string chat, string? sender, string content, string role) => client.PostAsync(
        Messages, new { chatId = chat, chatThreadId = (string?)null, content, externalId = (string?)null, role, senderId = sender });

    private static void AssertMessage(JsonNode message, string chat, string? sender, string content, string role)
    {
        Assert.Matches(UuidForm, ApiHelpers.Text(message["id"])!);
        ApiHelpers.Time(message["createdAt"]);
        VendorClient.AssertEqual(
            new JsonObject
            {
                ["id"] = ApiHelpers.Text(message["id"]),
                ["createdAt"] = ApiHelpers.Text(message["createdAt"]),
                ["updatedAt"] = ApiHelpers.Text(message["createdAt"]),
                ["chatId"] = chat,
                ["chatThreadId"] = null,
                ["content"] = content,
                ["externalId"] = null,
                ["rawContent"] = content,
                ["role"] = role,
                ["senderId"] = sender,
            },
            message);
    }
}
