using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>Files that are uploaded before their messages.</summary>
public class UploadTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];

    private static readonly HttpClient Stranger = new();

    [Theory]
    [InlineData("v1/attachments", null, "image")]
    [InlineData("v1/conversations/{0}/attachments", "sticker", "sticker")]
    public async Task A_file_goes_through_a_link_and_an_attachment_to_a_message(string path, string? type, string shownType)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var link = await LinkAsync("Foto é.png");
        using var uploaded = await SendFormAsync(Stranger, $"{link["url"]}", Png, link["fields"]!.AsObject());
        Assert.Equal(HttpStatusCode.NoContent, uploaded.StatusCode);

        using var created = await parley.Client.SendJsonAsync(
            HttpMethod.Post,
            string.Format(System.Globalization.CultureInfo.InvariantCulture, path, conversation),
            new { file = $"{link["fields"]!["key"]}", filename = "Foto é.png", type });
        var attachment = await created.ReadAsync(HttpStatusCode.Created);
        Assert.Equal(["id", "type", "filename", "file"], attachment.AsObject().Select(member => member.Key));
        Assert.Equal(shownType, $"{attachment["type"]}");
        Assert.Equal("Foto é.png", $"{attachment["filename"]}");
        Assert.Equal(Png, await Stranger.GetByteArrayAsync(new Uri($"{attachment["file"]}")));

        // Two messages: each has a file of its own.
        var first = await PostAsync(conversation, attachment);
        var second = await PostAsync(conversation, attachment);
        var shown = Assert.Single(first["attachments"]!.AsArray())!;
        Assert.Equal($"{attachment["id"]}", $"{shown["id"]}");
        Assert.Equal(shownType, $"{shown["type"]}");
        Assert.Equal("Foto é.png", $"{shown["filename"]}");
        var integerId = ((long)conversation << 22) + 1;
        using var deleted = await parley.Client.DeleteAsync($"v1/conversations/{conversation}/messages/{integerId}");
        await deleted.ReadAsync();
        using var gone = await Stranger.GetAsync(new Uri($"{shown["file"]}"));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Equal(Png, await Stranger.GetByteArrayAsync(new Uri($"{second["attachments"]![0]!["file"]}")));
    }

    [Fact]
    public async Task A_form_becomes_an_attachment_at_once_and_several_of_them_one_message()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var attachments = new JsonArray();
        for (var i = 0; i < 10; i++)
        {
            using var created = await SendFormAsync(
                parley.Client, "v1/attachments/", [(byte)i, 1, 2], fields: null, $"{i}.bin");
            attachments.Add(await created.ReadAsync(HttpStatusCode.Created));
        }

        using var posted = await parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/messages", new { conversation, content = "Ten files", attachments });
        var message = await posted.ReadAsync(HttpStatusCode.Created);

        Assert.Equal(10, message["attachments"]!.AsArray().Count);
        for (var i = 0; i < 10; i++)
        {
            var shown = message["attachments"]![i]!;
            Assert.Equal(($"{attachments[i]!["id"]}", "other", $"{i}.bin"), ($"{shown["id"]}", $"{shown["type"]}", $"{shown["filename"]}"));
            Assert.Equal([(byte)i, 1, 2], await Stranger.GetByteArrayAsync(new Uri($"{shown["file"]}")));
        }
    }

    [Fact]
    public async Task A_link_takes_one_file_and_no_other_change_of_it_does()
    {
        var link = await LinkAsync("a.png");
        var url = $"{link["url"]}";
        var other = $"{(await LinkAsync("a.png"))["url"]}";
        string[] wrong =
        [
            url.Replace("signature=", "signature=A", StringComparison.Ordinal),
            url.Replace("expires=1", "expires=2", StringComparison.Ordinal),
            url.Split('?')[0],
            url.Split('?')[0] + "?" + other.Split('?')[1],
            url.Replace("uploads/", "uploads/x", StringComparison.Ordinal),
        ];
        foreach (var changed in wrong)
        {
            using var refused = await SendFormAsync(Stranger, changed, Png, fields: null);
            await refused.AssertProblemAsync(403, "upload_link");
        }

        using var first = await SendFormAsync(Stranger, url, Png, fields: null);
        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        using var second = await SendFormAsync(Stranger, url, [.. Png, 9], fields: null);
        await second.AssertProblemAsync(403, "upload_link");
    }

    [Fact]
    public async Task Uploads_of_other_tenants_and_unknown_ones_are_no_attachments()
    {
        var stranger = await parley.NewTenantClientAsync("Uploads of others");
        using var uploaded = await SendFormAsync(stranger, "v1/attachments", Png, fields: null);
        var theirs = await uploaded.ReadAsync(HttpStatusCode.Created);
        var unsent = await LinkAsync("a.png");

        foreach (var file in new[] { $"{theirs["file"]}", $"{theirs["id"]}", "x", $"{unsent["fields"]!["key"]}" })
        {
            using var refused = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/attachments", new { file });
            await refused.AssertProblemAsync(422, "invalid_fields", "file");
        }

        var conversation = await parley.Client.CreateConversationAsync();
        var id = $"{unsent["fields"]!["x-amz-credential"]}";
        using var posted = await parley.Client.SendJsonAsync(
            HttpMethod.Post,
            "v1/messages",
            new { conversation, content = "x", attachments = new[] { new { id, type = "image", filename = "a.png", file = "https://example.com/a" } } });
        await posted.AssertProblemAsync(422, "invalid_fields", "attachments.0.file");
    }

    [Fact]
    public async Task Invalid_fields_are_named()
    {
        using var link = await parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/upload-presigned-url", new { filename = "", fileSize = (50 * 1024 * 1024) + 1 });
        await link.AssertProblemAsync(422, "invalid_fields", "filename", "fileSize");
        using var attachment = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/attachments", new { type = "x" });
        await attachment.AssertProblemAsync(422, "invalid_fields", "file", "type");
        using var empty = await SendFormAsync(parley.Client, "v1/attachments", file: null, new JsonObject { ["other"] = "x" });
        await empty.AssertProblemAsync(422, "invalid_fields", "file");
        using var unknown = await parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/conversations/999999/attachments", new { file = "x" });
        await unknown.AssertProblemAsync(404, "conversation_not_found");
    }

    private async Task<JsonNode> LinkAsync(string filename)
    {
        using var response = await parley.Client.SendJsonAsync(
            HttpMethod.Post,
            "v1/upload-presigned-url/",
            new { filename, modelName = "attachment", fieldName = "file", fileSize = Png.Length });
        var link = await response.ReadAsync();
        Assert.Equal(["url", "fields"], link.AsObject().Select(member => member.Key));
        Assert.Equal(
            ["key", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "policy", "x-amz-signature"],
            link["fields"]!.AsObject().Select(member => member.Key));
        Assert.EndsWith("/" + filename, $"{link["fields"]!["key"]}", StringComparison.Ordinal);
        return link;
    }

    private async Task<JsonNode> PostAsync(int conversation, JsonNode attachment)
    {
        using var posted = await parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/messages", new { conversation, content = "Look", attachments = new[] { attachment } });
        return await posted.ReadAsync(HttpStatusCode.Created);
    }

    private static async Task<HttpResponseMessage> SendFormAsync(
        HttpClient client, string url, byte[]? file, JsonObject? fields, string name = "a.png")
    {
        using var form = new MultipartFormDataContent();
        foreach (var (field, value) in fields ?? [])
        {
            form.Add(new StringContent($"{value}"), $"\"{field}\"");
        }

        if (file is not null)
        {
            var part = new ByteArrayContent(file);
            part.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = "\"file\"", FileName = $"\"{name}\"" };
            form.Add(part);
        }

        return await client.PostAsync(new Uri(url, UriKind.RelativeOrAbsolute), form);
    }
}
