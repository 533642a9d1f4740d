using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>HEAD is GET without a body (RFC 9110, section 9.3.2).</summary>
public class HeadTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    /// <summary>Headers that may differ: the time, and the framing of a body, which only GET has.</summary>
    private static readonly string[] Incomparable = ["Date", "Transfer-Encoding"];

    /// <summary>Their bodies contain a signed link, whose length differs from response to response.</summary>
    private static readonly string[] WithLinks = ["/v1/exports", "/v1/exports/{id}"];

    [Fact]
    public async Task Every_path_with_get_has_the_same_status_and_headers_for_head()
    {
        var every = await EveryResource.CreateAsync(parley);
        var documented = OpenApiContract.Document.Operations.Where(one => one.Method == "GET").Select(one => one.Path);

        Assert.Equal(documented.Order(StringComparer.Ordinal), every.Paths.Keys.Concat(every.AdminPaths.Keys).Order(StringComparer.Ordinal));
        foreach (var (template, path) in every.Paths.Concat(every.AdminPaths))
        {
            Assert.Equal(200, await CompareAsync(every.AdminPaths.ContainsKey(template) ? parley.NewClient(parley.AdminKey) : every.Client, path, withLength: !WithLinks.Contains(template)));
        }
    }

    [Fact]
    public async Task Refusals_have_the_same_status_and_headers_for_head()
    {
        var nobody = parley.NewClient(token: null);
        var reader = await parley.NewClientWithScopeAsync("messages:read");
        foreach (var path in OpenApiContract.Document.Operations.Where(one => one.Method == "GET").Select(one => one.Path))
        {
            var unknown = path[1..].Replace("{id}", ApiHelpers.UnknownUuid, StringComparison.Ordinal);
            var isOpen = path is "/v1/version" or "/.well-known/jwks.json" || path.StartsWith("/v1/health/", StringComparison.Ordinal);
            Assert.Equal(isOpen ? 200 : 401, await CompareAsync(nobody, unknown));
            if (path.Contains('{', StringComparison.Ordinal))
            {
                var client = EveryResource.IsForAdministrator(path) ? parley.NewClient(parley.AdminKey) : parley.Client;
                Assert.Equal(404, await CompareAsync(client, unknown));
            }
        }

        Assert.Equal(403, await CompareAsync(reader, "v1/exports"));
        Assert.Equal(404, await CompareAsync(nobody, "v1/nothing"));
        Assert.Equal(405, await CompareAsync(nobody, "v1/chat-messages/export"));
        Assert.Equal(422, await CompareAsync(parley.Client, "v1/conversations?pageSize=0"));
        Assert.Equal(400, await CompareAsync(parley.Client, "v1/conversations?cursor=x"));
    }

    [Fact]
    public async Task Head_of_the_events_of_a_running_completion_does_not_wait_for_them()
    {
        var chatbot = await parley.Client.NewChatbotAsync();
        using var client = parley.Client.Streaming();
        using var stream = await CompletionReader.OpenAsync(
            client,
            HttpMethod.Post,
            $"v1/chatbots/{chatbot["id"]}/completions",
            new { isStreaming = true, message = new { content = "/words 2 /hang after 1" } });
        using var head = new HttpRequestMessage(HttpMethod.Head, $"{stream.Path}/events");
        using var response = await client.SendAsync(head);

        var completion = await parley.Client.CallAsync(HttpMethod.Get, $"{stream.Path}");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.False(completion["done"]!.GetValue<bool>());
        await parley.Client.CallAsync(HttpMethod.Post, $"{stream.Path}/cancel");
    }

    /// <summary>Compares HEAD with GET, and returns the status.</summary>
    private static async Task<int> CompareAsync(HttpClient client, string path, bool withLength = true)
    {
        using var get = await client.GetAsync(path);
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var head = await client.SendAsync(request);

        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Equal($"{path}\n{Headers(get)}", $"{path}\n{Headers(head)}");
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        return (int)head.StatusCode;

        string Headers(HttpResponseMessage response) => string.Join('\n', response.Headers.Concat(response.Content.Headers.NonValidated
                .Select(header => KeyValuePair.Create(header.Key, (IEnumerable<string>)header.Value)))
            .Where(header => !Incomparable.Contains(header.Key) && (header.Key != "Content-Length" || (withLength && get.Headers.TransferEncodingChunked is not true)))
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}")
            .Order(StringComparer.Ordinal));
    }
}
