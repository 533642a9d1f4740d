using System.Net;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

/// <summary>Corner cases of docs/api.md that once failed.</summary>
public class CornerTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task A_cursor_of_the_whole_list_is_invalid_with_a_filter_of_senders()
    {
        var client = await parley.NewTenantClientAsync("Cursor and filter");
        await client.NewSenderAsync(new { entity = "user", identifier = "i" });
        await client.NewSenderAsync(new { entity = "user" });
        var next = (await client.CallAsync(HttpMethod.Get, "v1/senders?pageSize=1"))["next"]!.GetValue<string>();

        await client.RefusedAsync(HttpMethod.Get, $"{next}&identifier=i", null, 400, "invalid_cursor");
    }

    [Fact]
    public async Task A_bad_cursor_with_a_filter_of_senders() =>
        await parley.Client.RefusedAsync(HttpMethod.Get, "v1/senders?externalId=e&cursor=x", null, 400, "invalid_cursor");

    [Fact]
    public async Task A_bad_cursor_with_filters_that_exclude_each_other() =>
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/conversations?inbox={ApiHelpers.UnknownUuid}&channel=c&cursor=x", null, 400, "invalid_cursor");

    [Fact]
    public async Task A_bad_cursor_with_an_unknown_contact() =>
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/conversations?contact={ApiHelpers.UnknownUuid}&cursor=x", null, 400, "invalid_cursor");

    [Fact]
    public async Task A_bad_cursor_of_messages_of_an_unknown_conversation() =>
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/messages?conversation={ApiHelpers.UnknownUuid}&cursor=x", null, 400, "invalid_cursor");

    [Fact]
    public async Task The_conversation_of_a_file_is_looked_for_before_the_file_is_stored()
    {
        var existing = $"{await parley.Client.CreateConversationAsync()}";
        using var fields = await parley.Client.UploadAsync(existing, "x"u8.ToArray(), "x", ("message", new string('x', 5001)));
        await fields.AssertProblemAsync(422, "invalid_fields", "message");
        using var unknown = await parley.Client.UploadAsync("999999", "x"u8.ToArray(), "x", ("message", new string('x', 5001)));
        await unknown.AssertProblemAsync(404, "conversation_not_found");

        const string Two = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\ny\r\n--b--\r\n";
        using var body = await parley.Client.SendRawAsync(existing, Two, "multipart/form-data; boundary=b");
        await body.AssertProblemAsync(400, "malformed_multipart");
    }

    [Fact]
    public async Task The_known_senders_name_is_the_contacts()
    {
        var client = await parley.NewTenantClientAsync("Known name");
        await client.NewSenderAsync(new { entity = "external_user", name = "Ana", identifier = "+5511" });
        var created = await client.NewConversationAsync(new { address = "+5511" });

        Assert.Equal("Ana", created["contact"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_contact_is_an_external_user()
    {
        var client = await parley.NewTenantClientAsync("Agent");
        await client.NewSenderAsync(new { entity = "agent", name = "Bot", identifier = "bot" });

        await client.RefusedAsync(HttpMethod.Post, "v1/conversations", new { contact = 1 }, 422, "invalid_fields", "contact");
    }

    [Fact]
    public async Task A_name_in_the_extended_form()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.SendRawAsync(
            conversation, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''%E6%97%A5.txt\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b");
        await response.ReadAsync();
        Assert.Equal("日.txt", (await parley.Client.MessageAsync(conversation))["file"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_quote_and_a_percent_in_a_name()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "100%25 a%22b.txt");
        await response.ReadAsync();
        Assert.Equal("100%25 a\"b.txt", (await parley.Client.MessageAsync(conversation))["file"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_hundred_pages_back_are_remembered()
    {
        var client = await parley.NewTenantClientAsync("Hundred back");
        for (var i = 0; i < 105; i++)
        {
            await client.CreateConversationAsync();
        }

        var page = await client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=1");
        while (ApiHelpers.Text(page["next"]) is { } next)
        {
            page = await client.CallAsync(HttpMethod.Get, next);
        }

        var back = new List<int>();
        while (ApiHelpers.Text(page["previous"]) is { } previous)
        {
            page = await client.CallAsync(HttpMethod.Get, previous);
            back.Add(Assert.Single(ApiHelpers.Numbers(page)));
        }

        Assert.Equal([.. Enumerable.Range(2, 100), 105], back);
    }

    [Fact]
    public async Task A_key_of_a_request_answered_by_its_external_id_is_used_up()
    {
        var chatId = await parley.Client.CreateConversationAsync();
        Task<HttpResponseMessage> SendAsync(string content, params (string, string)[] headers) => parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/chat-messages", new { chatId, role = "user", content, externalId = "ext-1" }, headers);

        using var first = await SendAsync("one");
        using var again = await SendAsync("one", ("Idempotency-Key", "kk"));
        using var other = await SendAsync("two", ("Idempotency-Key", "kk"));
        Assert.Equal((await first.ReadAsync())["id"]!.GetValue<string>(), (await again.ReadAsync())["id"]!.GetValue<string>());
        await other.AssertProblemAsync(422, "idempotency_key_reused");
    }

    [Fact]
    public async Task A_replay_after_a_deletion_returns_the_first_response()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var body = new { conversation, content = "c", contentPayload = new { a = 1 }, attachments = new[] { new { type = "image", filename = "x", file = "https://e.org/x" } } };
        using var first = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/messages", body, ("Idempotency-Key", "k"));
        var created = await first.ReadAsync(HttpStatusCode.Created);
        using var deleted = await parley.Client.DeleteAsync($"v1/conversations/{conversation}/messages/{created["id"]}");
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        using var again = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/messages", body, ("Idempotency-Key", "k"));

        Assert.Equal(created.ToJsonString(), (await again.ReadAsync(HttpStatusCode.Created)).ToJsonString());
    }

    [Fact]
    public async Task A_deleted_message_is_not_unread()
    {
        var client = await parley.NewTenantClientAsync("Unread deleted");
        var conversation = await client.CreateConversationAsync(new { channel = "q" });
        using var posted = await client.SendJsonAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = conversation, role = "user", content = "x" });
        using var deleted = await client.DeleteAsync($"v1/conversations/{conversation}/messages/{(await posted.ReadAsync())["id"]}");

        var now = await client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}");
        Assert.Equal((0, 0), (now["unreadMessagesCount"]!.GetValue<int>(), now["inbox"]!["unreadConversationsCount"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData("""{"metadata":{"a":"x\u0000"}}""", "metadata")]
    [InlineData("""{"metadata":{"a":[{"b\u0000":1}]}}""", "metadata")]
    [InlineData("""{"metadata":{"a":"\ud800"}}""", "metadata")]
    [InlineData("""{"webChat":"+8000008-0000-4000-a000-000a208bcc1c"}""", "webChat")]
    [InlineData("""{"webChat":"0x000008-0000-4000-a000-000a208bcc1c"}""", "webChat")]
    public async Task A_conversation_is_not_created_with_invalid_fields(string body, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await parley.Client.PostAsync("v1/conversations", content);
        await response.AssertProblemAsync(422, "invalid_fields", field);
    }

    [Fact]
    public async Task Times_that_storage_cannot_hold_are_refused() => await parley.Client.RefusedAsync(
        HttpMethod.Patch,
        $"v1/conversations/{await parley.Client.CreateConversationAsync()}",
        new { handedOffUntil = "0001-01-01T00:00:00Z" },
        422,
        "invalid_fields",
        "handedOffUntil");

    [Fact]
    public async Task An_attachment_needs_a_file_or_a_link()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        await parley.Client.RefusedAsync(
            HttpMethod.Post,
            "v1/messages",
            new { conversation, content = "c", attachments = new object[] { new { type = "image", filename = "x" }, new { id = "nope", type = "image", filename = "x" } } },
            422,
            "invalid_fields",
            "attachments.0.file",
            "attachments.1.file");

        using var uploaded = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "a.txt");
        var id = long.Parse((await uploaded.ReadAsync())["data"]!["message_id"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
        using var named = await parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/messages", new { conversation, content = "c", attachments = new[] { new { id, type = "other", filename = "x" } } });
        Assert.Equal("a.txt", (await named.ReadAsync(HttpStatusCode.Created))["attachments"]![0]!["filename"]!.GetValue<string>());
    }

    [Fact]
    public async Task Ids_and_cursors_have_one_spelling()
    {
        var client = await parley.NewTenantClientAsync("Spelling");
        var conversation = await client.NewConversationAsync(new { });
        var id = conversation["id"]!.GetValue<string>();
        await client.PostAsync(1, "a");
        await client.PostAsync(1, "b");
        var next = (await client.CallAsync(HttpMethod.Get, "v1/messages?conversation=1&pageSize=1"))["next"]!.GetValue<string>();

        await client.RefusedAsync(HttpMethod.Get, $"v1/conversations/+{id[1..]}", null, 404, "conversation_not_found");
        await client.RefusedAsync(HttpMethod.Get, $"v1/conversations/{id}%20", null, 404, "conversation_not_found");
        await client.RefusedAsync(HttpMethod.Get, "v1/messages?conversation=1%00", null, 422, "invalid_fields", "conversation");
        await client.RefusedAsync(HttpMethod.Get, next + "%3D", null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, next + "%20", null, 400, "invalid_cursor");
    }

    [Fact]
    public async Task A_change_of_a_sender_that_changes_nothing_leaves_its_revision()
    {
        var client = await parley.NewTenantClientAsync("Nothing changed");
        var sender = await client.NewSenderAsync(new { entity = "user", name = "Ada" });
        using var response = await client.SendJsonAsync(HttpMethod.Patch, $"v1/senders/{sender["id"]}", new { name = "Ada" });
        Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
    }
}
