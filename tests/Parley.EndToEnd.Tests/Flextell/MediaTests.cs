using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Flextell;

public class MediaTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Form = "multipart/form-data; boundary=b";
    private const long MaxBytes = 50 * 1024 * 1024;

    [Fact]
    public async Task A_file_is_returned_with_every_field()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        byte[] bytes = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, .. new byte[1528]];
        using var response = await parley.Client.UploadAsync(conversation, bytes, "Foto é😀 日本.png", ("message", "Look 😀"));
        var sent = await response.ReadAsync();
        var message = await parley.Client.MessageAsync(conversation);
        var file = message["file"]!;
        var id = ((long)conversation << 22) + 1;

        Assert.Equal($$$"""{"success":"true","data":{"status":"sent","message_id":"{{{id}}}","conversation_id":"{{{conversation}}}"}}""", sent.ToJsonString());
        Assert.Equal(id, message["id"]!.GetValue<long>());
        Assert.Equal("image", message["message_type"]!.GetValue<string>());
        Assert.Equal("Look 😀", message["message"]!.GetValue<string>());
        Assert.Equal(id, file["id"]!.GetValue<long>());
        Assert.Equal("Foto é😀 日本.png", file["name"]!.GetValue<string>());
        Assert.Null(file["description"]);
        Assert.Equal("image", file["type"]!.GetValue<string>());
        Assert.Equal("image/png", file["mime_type"]!.GetValue<string>());
        Assert.Equal(1536, file["size"]!.GetValue<long>());
        Assert.Equal("1.5 KB", file["formatted_size"]!.GetValue<string>());
        Assert.Null(file["group_id"]);
        Assert.Equal("conversation_message", file["fileable_type"]!.GetValue<string>());
        Assert.Equal(id, file["fileable_id"]!.GetValue<long>());
        Assert.Equal(message["file_temporary_url"]!.GetValue<string>(), file["temporary_url"]!.GetValue<string>());
        Assert.Null(file["temporary_thumbnail_url"]);
        Assert.Equal(message["created_at"]!.GetValue<string>(), file["created_at"]!.GetValue<string>());
        Assert.Equal(message["created_at"]!.GetValue<string>(), file["updated_at"]!.GetValue<string>());
        Assert.Null(file["deleted_at"]);
        Assert.Equal(15, file.AsObject().Count);

        using var fetched = await FetchAsync(message);
        Assert.Equal(bytes, await fetched.Content.ReadAsByteArrayAsync());
        var disposition = fetched.Content.Headers.ContentDisposition!;
        Assert.Equal("inline", disposition.DispositionType);
        Assert.Equal("Foto é😀 日本.png", disposition.FileNameStar);
    }

    [Fact]
    public async Task A_file_is_an_attachment_of_a_message_and_a_chat_message()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "%PDF-1.7"u8.ToArray(), "a.pdf");
        await response.ReadAsync();
        var listed = Assert.Single((await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages?conversation={conversation}"))["results"]!.AsArray())!;
        var chat = Assert.Single((await parley.Client.CallAsync(HttpMethod.Get, $"v1/chat-messages?chatId={conversation}")).AsArray())!;
        var read = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{listed["id"]}");
        var head = await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}");

        foreach (var message in new[] { listed, read })
        {
            var attachment = Assert.Single(message["attachments"]!.AsArray())!;
            Assert.Equal("", message["content"]!.GetValue<string>());
            Assert.Equal("outgoing", message["type"]!.GetValue<string>());
            Assert.Equal(listed["id"]!.GetValue<string>(), attachment["id"]!.GetValue<string>());
            Assert.Equal("other", attachment["type"]!.GetValue<string>());
            Assert.Equal("a.pdf", attachment["filename"]!.GetValue<string>());
            using var http = new HttpClient();
            Assert.Equal("%PDF-1.7"u8.ToArray(), await http.GetByteArrayAsync(new Uri(attachment["file"]!.GetValue<string>())));
        }

        Assert.Equal("", chat["content"]!.GetValue<string>());
        Assert.Equal("", head["lastMessage"]!.GetValue<string>());
        Assert.NotNull(head["lastMessageCreatedAt"]);
    }

    [Theory]
    [InlineData("89504E470D0A1A0A", "image", "image/png")]
    [InlineData("FFD8FFE0", "image", "image/jpeg")]
    [InlineData("474946383961", "image", "image/gif")]
    [InlineData("474946383761", "image", "image/gif")]
    [InlineData("524946460000000057454250", "image", "image/webp")]
    [InlineData("000000186674797069736F6D", "video", "video/mp4")]
    [InlineData("00000018667479706D703432", "video", "video/mp4")]
    [InlineData("494433040000", "audio", "audio/mpeg")]
    [InlineData("FFFB9064", "audio", "audio/mpeg")]
    [InlineData("4F676753", "audio", "audio/ogg")]
    [InlineData("524946460000000057415645", "audio", "audio/wav")]
    [InlineData("255044462D", "document", "application/pdf")]
    public async Task The_first_bytes_determine_the_type(string hex, string type, string mimeType)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var bytes = Convert.FromHexString(hex);

        // The type that the name suggests does not count.
        using var response = await parley.Client.UploadAsync(conversation, bytes, "page.html");
        await response.ReadAsync();
        var message = await parley.Client.MessageAsync(conversation);
        using var fetched = await FetchAsync(message);

        Assert.Equal(type, message["message_type"]!.GetValue<string>());
        Assert.Equal(type, message["file"]!["type"]!.GetValue<string>());
        Assert.Equal(mimeType, message["file"]!["mime_type"]!.GetValue<string>());
        Assert.Equal($"{bytes.Length} B", message["file"]!["formatted_size"]!.GetValue<string>());
        Assert.Equal(mimeType, fetched.Content.Headers.ContentType!.ToString());
        Assert.Equal(bytes, await fetched.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("<!DOCTYPE html><script>alert(1)</script>", "page.html")]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", "picture.svg")]
    [InlineData("<?xml version=\"1.0\"?><svg/>", "picture.png")]
    [InlineData("plain text", "notes.txt")]
    [InlineData("x", "x.mp4")]
    [InlineData(" %PDF-1.7", "a.pdf")]
    public async Task Everything_else_is_a_document_to_download(string text, string name)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, Encoding.UTF8.GetBytes(text), name);
        await response.ReadAsync();
        var message = await parley.Client.MessageAsync(conversation);
        using var fetched = await FetchAsync(message);

        Assert.Equal("document", message["message_type"]!.GetValue<string>());
        Assert.Equal("document", message["file"]!["type"]!.GetValue<string>());
        Assert.Equal("application/octet-stream", message["file"]!["mime_type"]!.GetValue<string>());
        Assert.Equal("application/octet-stream", fetched.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment", fetched.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal(name, fetched.Content.Headers.ContentDisposition.FileNameStar);
        Assert.Equal(text, await fetched.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_type_that_the_client_states_is_ignored()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        const string Body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n<svg/>\r\n--b--\r\n";
        using var response = await parley.Client.SendRawAsync(conversation, Body, Form);
        await response.ReadAsync();

        Assert.Equal("application/octet-stream", (await parley.Client.MessageAsync(conversation))["file"]!["mime_type"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_link_reads_this_file_and_does_nothing_else()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "text"u8.ToArray(), "a.txt");
        await response.ReadAsync();
        var message = await parley.Client.MessageAsync(conversation);
        var link = new Uri(message["file_temporary_url"]!.GetValue<string>());
        using var http = new HttpClient();
        using var delete = await http.DeleteAsync(link);
        using var put = new HttpRequestMessage(HttpMethod.Put, link) { Content = new ByteArrayContent("other"u8.ToArray()), Headers = { { "x-ms-blob-type", "BlockBlob" } } };
        using var written = await http.SendAsync(put);
        using var unsigned = await http.GetAsync(new Uri(link.GetLeftPart(UriPartial.Path)));
        using var altered = await http.GetAsync(new Uri(link.AbsoluteUri.Replace("sig=", "sig=A", StringComparison.Ordinal)));

        Assert.All(new[] { delete, written, unsigned, altered }, refused => Assert.False(refused.IsSuccessStatusCode));
        using var fetched = await FetchAsync(message);
        Assert.Equal("text", await fetched.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Fifty_mebibytes_are_accepted()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var file = new StreamContent(new GeneratedStream(MaxBytes));
        using var response = await parley.Client.UploadAsync(conversation, file, "large.bin", key: null);
        await response.ReadAsync();
        var message = await parley.Client.MessageAsync(conversation);
        using var http = new HttpClient();
        await using var stream = await http.GetStreamAsync(new Uri(message["file_temporary_url"]!.GetValue<string>()));
        var (buffer, place, same) = (new byte[81_920], 0L, true);
        for (int read; (read = await stream.ReadAsync(buffer)) > 0; place += read)
        {
            for (var i = 0; i < read; i++)
            {
                same &= buffer[i] == GeneratedStream.At(place + i);
            }
        }

        Assert.Equal(MaxBytes, message["file"]!["size"]!.GetValue<long>());
        Assert.Equal("50 MB", message["file"]!["formatted_size"]!.GetValue<string>());
        Assert.Equal(MaxBytes, place);
        Assert.True(same);
    }

    [Fact]
    public async Task One_byte_more_is_refused()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var file = new StreamContent(new GeneratedStream(MaxBytes + 1));
        using var response = await parley.Client.UploadAsync(conversation, file, "large.bin", key: null);

        await response.AssertProblemAsync(413, "body_too_large");
        Assert.Empty((await parley.Client.ListAsync(conversation))["data"]!.AsArray());
    }

    [Fact]
    public async Task Fields_have_their_limits()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var longest = string.Concat(Enumerable.Repeat("😀", 5000));
        using var taken = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "x", ("message", longest));
        using var tooLong = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "x", ("message", longest + "x"));
        using var empty = await parley.Client.UploadAsync(conversation, [], "x");
        using var noFile = await parley.Client.SendRawAsync(conversation, "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nx\r\n--b--\r\n", Form);
        using var many = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "x", ("message", longest + "x"), ("sender", "x"));
        using var hugeText = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "x", ("message", new string('x', 40_000)));

        await taken.ReadAsync();
        await tooLong.AssertProblemAsync(422, "invalid_fields", "message");
        await empty.AssertProblemAsync(422, "invalid_fields", "file");
        await noFile.AssertProblemAsync(422, "invalid_fields", "file");
        await many.AssertProblemAsync(422, "invalid_fields", "message", "sender");
        Assert.Contains((int)hugeText.StatusCode, new[] { 413, 422 });
        var message = Assert.Single((await parley.Client.ListAsync(conversation))["data"]!.AsArray())!;
        Assert.Equal(longest, message["message"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\ny\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; na")]
    [InlineData("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n")]
    [InlineData("nonsense")]
    [InlineData("")]
    public async Task A_body_that_is_not_readable_is_refused(string body)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.SendRawAsync(conversation, body, Form);

        await response.AssertProblemAsync(400, "malformed_multipart");
        Assert.Empty((await parley.Client.ListAsync(conversation))["data"]!.AsArray());
    }

    [Theory]
    [InlineData("multipart/form-data", 400, "malformed_multipart")]
    [InlineData("application/json", 415, "unsupported_media_type")]
    [InlineData("multipart/mixed; boundary=b", 415, "unsupported_media_type")]
    [InlineData("application/x-www-form-urlencoded", 415, "unsupported_media_type")]
    [InlineData("image/png", 415, "unsupported_media_type")]
    [InlineData("", 415, "unsupported_media_type")]
    public async Task Only_form_data_is_accepted(string contentType, int status, string code)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.SendRawAsync(
            conversation, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n", contentType);

        await response.AssertProblemAsync(status, code);
    }

    [Fact]
    public async Task A_connection_lost_during_the_upload_stores_nothing()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(parley.Api.Host, parley.Api.Port);
            var head = $"POST {parley.Api.AbsolutePath}v1/conversations/{conversation}/messages/media HTTP/1.1\r\nHost: {parley.Api.Authority}\r\n"
                + $"Authorization: Bearer {parley.ApiKey}\r\nContent-Type: {Form}\r\nContent-Length: 100000\r\n\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        }

        await parley.Client.PostAsync(conversation, "after");
        Assert.Equal(1, (await parley.Client.ListAsync(conversation))["meta"]!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_retry_under_the_key_returns_the_same_message()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var first = await UploadKeyedAsync("one", "a.txt", "caption");
        using var again = await UploadKeyedAsync("one", "a.txt", "caption");
        using var otherFile = await UploadKeyedAsync("two", "a.txt", "caption");
        using var otherName = await UploadKeyedAsync("one", "b.txt", "caption");
        using var otherCaption = await UploadKeyedAsync("one", "a.txt", "other");

        var sent = await first.ReadAsync();
        Assert.False(first.Headers.Contains("Idempotent-Replayed"));
        Assert.True(JsonNode.DeepEquals(sent, await again.ReadAsync()));
        Assert.Equal(["true"], again.Headers.GetValues("Idempotent-Replayed"));
        foreach (var other in new[] { otherFile, otherName, otherCaption })
        {
            await other.AssertProblemAsync(422, "idempotency_key_reused");
        }

        var message = Assert.Single((await parley.Client.ListAsync(conversation))["data"]!.AsArray())!;
        using var fetched = await FetchAsync(message);
        Assert.Equal(sent["data"]!["message_id"]!.GetValue<string>(), message["id"]!.GetValue<long>().ToString(CultureInfo.InvariantCulture));
        Assert.Equal("one", await fetched.Content.ReadAsStringAsync());
        using var badKey = await parley.Client.UploadAsync(conversation, new ByteArrayContent("x"u8.ToArray()), "x", new string('k', 256));
        await badKey.AssertProblemAsync(422, "invalid_fields", "Idempotency-Key");

        Task<HttpResponseMessage> UploadKeyedAsync(string text, string name, string caption) =>
            parley.Client.UploadAsync(conversation, new ByteArrayContent(Encoding.UTF8.GetBytes(text)), name, "media-once", ("message", caption));
    }

    [Fact]
    public async Task Concurrent_retries_create_one_message()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var responses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            parley.Client.UploadAsync(conversation, new ByteArrayContent("same"u8.ToArray()), "a.txt", "at-once")));
        var answers = await Task.WhenAll(responses.Select(response => response.ReadAsync()));
        var message = Assert.Single((await parley.Client.ListAsync(conversation))["data"]!.AsArray())!;
        using var fetched = await FetchAsync(message);

        Assert.Single(answers.Select(answer => answer["data"]!["message_id"]!.GetValue<string>()).Distinct());
        Assert.Equal(3, responses.Count(response => response.Headers.Contains("Idempotent-Replayed")));
        Assert.Equal("same", await fetched.Content.ReadAsStringAsync());
        Array.ForEach(responses, response => response.Dispose());
    }

    [Fact]
    public async Task A_deleted_file_is_gone_in_every_shape()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "secret bytes"u8.ToArray(), "secret.txt", ("message", "secret caption"));
        var id = (await response.ReadAsync())["data"]!["message_id"]!.GetValue<string>();
        var before = await parley.Client.MessageAsync(conversation);
        await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = "quotes", quoted_message_id = id });
        Assert.Equal("secret caption", (await parley.Client.MessageAsync(conversation))["quoted_text"]!.GetValue<string>());
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{id}");

        using var http = new HttpClient();
        using var gone = await http.GetAsync(new Uri(before["file_temporary_url"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        var listed = await parley.Client.ListAsync(conversation, "?order=asc");
        var deleted = listed["data"]![0]!;
        Assert.True(deleted["is_deleted"]!.GetValue<bool>());
        Assert.Equal("Test key", deleted["deleted_by_user_name"]!.GetValue<string>());
        Assert.Null(deleted["message"]);
        Assert.Null(deleted["file"]);
        Assert.Null(deleted["file_temporary_url"]);
        Assert.Null(listed["data"]![1]!["quoted_text"]);
        var maiAgent = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages?conversation={conversation}");
        var zaia = await parley.Client.CallAsync(HttpMethod.Get, $"v1/chat-messages?chatId={conversation}");
        var one = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{id}");
        var head = await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}");
        var conversations = await parley.Client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=100");
        Assert.Empty(one["attachments"]!.AsArray());
        Assert.Equal("", one["content"]!.GetValue<string>());
        Assert.Equal("", zaia[0]!["content"]!.GetValue<string>());
        Assert.Equal("", zaia[0]!["rawContent"]!.GetValue<string>());
        Assert.All(new[] { listed, maiAgent, zaia, one, head, conversations }, shape => Assert.DoesNotContain("secret", shape.ToJsonString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_last_messages_caption_leaves_the_head_when_it_is_deleted()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), "x", ("message", "secret caption"));
        var id = (await response.ReadAsync())["data"]!["message_id"]!.GetValue<string>();
        Assert.Equal("secret caption", (await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}"))["lastMessage"]!.GetValue<string>());
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{id}");

        Assert.DoesNotContain("secret", (await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caption_is_edited_and_the_file_stays()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "bytes"u8.ToArray(), "a.txt", ("message", "before"));
        var id = (await response.ReadAsync())["data"]!["message_id"]!.GetValue<string>();
        var edited = (await parley.Client.CallAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = "after" }))["data"]!;
        using var fetched = await FetchAsync(edited);

        Assert.Equal("after", edited["message"]!.GetValue<string>());
        Assert.Equal("a.txt", edited["file"]!["name"]!.GetValue<string>());
        Assert.Equal("document", edited["message_type"]!.GetValue<string>());
        Assert.Equal("bytes", await fetched.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Unknown_conversations_are_not_found()
    {
        var client = await parley.NewTenantClientAsync("Unknown");
        var foreign = await parley.Client.NewConversationAsync();
        foreach (var id in new[] { "99", "0", "nonsense", ApiHelpers.UnknownUuid, foreign["id"]!.GetValue<string>(), $"{foreign["number"]}" })
        {
            using var response = await client.UploadAsync(id, "x"u8.ToArray(), "x");
            await response.AssertProblemAsync(404, "conversation_not_found");
        }
    }

    [Fact]
    public async Task Key_and_scope_are_checked_before_the_body()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var unauthenticated = await parley.NewClient(token: null).SendRawAsync(conversation, "nonsense", "text/plain");
        using var reader = await (await parley.NewClientWithScopeAsync("messages:read")).SendRawAsync(conversation, "nonsense", "text/plain");
        using var get = await parley.Client.GetAsync($"v1/conversations/{conversation}/messages/media");

        await unauthenticated.AssertProblemAsync(401, "unauthenticated");
        await reader.AssertProblemAsync(403, "scope_missing");
        await get.AssertProblemAsync(405, "method_not_allowed");
    }

    [Theory]
    [InlineData("C:\\pictures\\a b.txt", "a b.txt")]
    [InlineData("../../etc/passwd", "passwd")]
    public async Task Only_the_last_part_of_a_path_is_the_name(string sent, string name)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.UploadAsync(conversation, "x"u8.ToArray(), sent);
        await response.ReadAsync();

        Assert.Equal(name, (await parley.Client.MessageAsync(conversation))["file"]!["name"]!.GetValue<string>());
    }

    /// <summary>Downloads the file through its link, without a key.</summary>
    private static async Task<HttpResponseMessage> FetchAsync(JsonNode message)
    {
        using var http = new HttpClient();
        var response = await http.GetAsync(new Uri(message["file_temporary_url"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }
}
