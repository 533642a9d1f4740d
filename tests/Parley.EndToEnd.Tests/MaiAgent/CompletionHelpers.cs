using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>An event of a completion, as a client reads it.</summary>
internal sealed record CompletionEvent(int Id, JsonNode Data)
{
    public bool IsDone => Data["done"]!.GetValue<bool>();

    public string Content => Data["content"]?.GetValue<string>() ?? "";
}

/// <summary>A completion's stream, read as it arrives.</summary>
internal sealed class CompletionReader : IDisposable
{
    /// <summary>The first comment, with the empty line that ends it.</summary>
    private const string FirstComment = ": ok\n\n";

    private readonly Stream stream;

    private CompletionReader(HttpResponseMessage response, Stream stream) => (Response, this.stream) = (response, stream);

    /// <summary>The response, after its headers and the first comment.</summary>
    public HttpResponseMessage Response { get; }

    /// <summary>The completion's path.</summary>
    public string Path => Response.Headers.Location!.ToString();

    /// <summary>The same below the address of any host's API.</summary>
    public string PathAtAnyHost => new Uri(Path).PathAndQuery["/api/".Length..];

    /// <summary>Sends the request, and reads the headers and the first comment.</summary>
    /// <param name="client">
    /// Not a client that checks responses against the document, because it reads them completely.
    /// </param>
    /// <param name="headers">Additional headers.</param>
    public static async Task<CompletionReader> OpenAsync(
        HttpClient client, HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode}");
        return await ReadAsync(response);
    }

    /// <summary>Reads the rest of a completion when there is room for a listener; otherwise null.</summary>
    public static async Task<CompletionReader?> TryListenAsync(HttpClient client, string path)
    {
        var response = await client.GetAsync($"{path}/events", HttpCompletionOption.ResponseHeadersRead);
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            response.Dispose();
            return null;
        }

        return await ReadAsync(response);
    }

    private static async Task<CompletionReader> ReadAsync(HttpResponseMessage response)
    {
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        var content = await response.Content.ReadAsStreamAsync();
        var first = new byte[FirstComment.Length];
        await content.ReadExactlyAsync(first);
        Assert.Equal(FirstComment, System.Text.Encoding.UTF8.GetString(first));
        return new CompletionReader(response, content);
    }

    /// <summary>The remaining events. May be called once.</summary>
    public IAsyncEnumerable<CompletionEvent> EventsAsync() => SseParser.Create(stream).EnumerateAsync()
        .Select(item => new CompletionEvent(int.Parse(item.EventId!, System.Globalization.CultureInfo.InvariantCulture), JsonNode.Parse(item.Data)!));

    public void Dispose()
    {
        stream.Dispose();
        Response.Dispose();
    }
}

/// <summary>Requests for tests of completions.</summary>
internal static class CompletionCalls
{
    /// <summary>A client with the same key that reads responses as they arrive.</summary>
    public static HttpClient Streaming(this HttpClient client, Uri? api = null) =>
        new() { BaseAddress = api ?? client.BaseAddress, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", client.DefaultRequestHeaders.Authorization!.Parameter) } };

    /// <summary>Requests a completion without a stream.</summary>
    public static Task<JsonNode> CompleteAsync(this HttpClient client, JsonNode chatbot, string content, object? conversation = null) =>
        client.CallAsync(HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { conversation, message = new { content } });

    /// <summary>The conversation's messages as MaiAgent's clients read them, oldest first.</summary>
    public static async Task<List<JsonNode>> MessagesAsync(this HttpClient client, JsonNode? conversation) =>
        [.. (await client.CallAsync(HttpMethod.Get, $"v1/messages?conversation={conversation}&pageSize=100"))["results"]!.AsArray().Reverse().Select(message => message!)];

    /// <summary>Reads repeatedly until the condition holds.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> isSo)
    {
        var end = TimeProvider.System.GetUtcNow() + Wait.Limit;
        while (true)
        {
            var now = await read();
            if (isSo(now))
            {
                return now;
            }

            Assert.True(TimeProvider.System.GetUtcNow() < end, $"It takes too long: {now}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}
