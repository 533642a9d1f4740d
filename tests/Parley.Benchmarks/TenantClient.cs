using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.Core;

namespace Parley.Benchmarks;

/// <summary>
/// An API client of one tenant. It shares the processor with the measured system, so it does only what correct HTTP
/// needs: a connection pool without HttpClient's time-outs and header merging, and bodies that are counted, not kept.
/// </summary>
internal sealed class TenantClient(Uri api, TenantId tenant, string apiKey) : IDisposable
{
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, UseCookies = false, UseProxy = false });

    public TenantId Tenant { get; } = tenant;

    /// <summary>The API's address, with a trailing slash.</summary>
    public Uri Api { get; } = api;

    /// <summary>The API key, or an access token in its place.</summary>
    public string ApiKey { get; } = apiKey;

    public async Task<ConversationKey> CreateConversationAsync(string title = "Benchmark")
    {
        var created = await SendAsync(HttpMethod.Post, "v1/conversations", new JsonObject { ["title"] = title });
        return new ConversationKey(Tenant, created.GetProperty("number").GetInt32());
    }

    /// <summary>The path of a conversation's messages.</summary>
    public static string Messages(ConversationKey conversation) =>
        string.Create(CultureInfo.InvariantCulture, $"v1/conversations/{conversation.Number}/messages");

    /// <summary>The body of a post.</summary>
    public static byte[] Message(string text) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["message"] = text });

    /// <summary>Sends a request and returns the response as JSON.</summary>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, JsonObject? body = null, string? idempotencyKey = null)
    {
        using var request = Request(method, path);
        request.Content = body is null ? null : JsonContent(JsonSerializer.SerializeToUtf8Bytes(body));
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var response = await http.SendAsync(request, CancellationToken.None);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonElement.Parse(text) : throw Unexpected(request, response, text);
    }

    /// <summary>Sends GET and returns the body's bytes, for responses other than JSON.</summary>
    public async Task<byte[]> BytesAsync(string path)
    {
        using var request = Request(HttpMethod.Get, path);
        using var response = await http.SendAsync(request, CancellationToken.None);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return response.IsSuccessStatusCode ? bytes : throw Unexpected(request, response, System.Text.Encoding.UTF8.GetString(bytes));
    }

    /// <summary>Sends GET under load: the response is read to its end and discarded.</summary>
    public Task GetAsync(string path) => SendUnderLoadAsync(HttpMethod.Get, path, null);

    /// <summary>Sends POST under load.</summary>
    public Task PostAsync(string path, byte[] body) => SendUnderLoadAsync(HttpMethod.Post, path, body);

    /// <summary>Sends a request, accepts any status, and discards the rest of the response.</summary>
    public async Task<int> StatusAsync(HttpMethod method, string path, JsonObject? body)
    {
        using var request = Request(method, path);
        request.Content = body is null ? null : JsonContent(JsonSerializer.SerializeToUtf8Bytes(body));
        using var response = await http.SendAsync(request, CancellationToken.None);
        await response.Content.CopyToAsync(Stream.Null);
        return (int)response.StatusCode;
    }

    public void Dispose() => http.Dispose();

    private async Task SendUnderLoadAsync(HttpMethod method, string path, byte[]? body)
    {
        using var request = Request(method, path);
        request.Content = body is null ? null : JsonContent(body);
        using var response = await http.SendAsync(request, CancellationToken.None);
        if (!response.IsSuccessStatusCode)
        {
            throw Unexpected(request, response, await response.Content.ReadAsStringAsync());
        }

        await response.Content.CopyToAsync(Stream.Null);
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(Api, path));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {ApiKey}");
        return request;
    }

    private static ByteArrayContent JsonContent(byte[] json)
    {
        var content = new ByteArrayContent(json);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return content;
    }

    private static BenchmarkException Unexpected(HttpRequestMessage request, HttpResponseMessage response, string text) =>
        new($"{request.Method} {request.RequestUri!.PathAndQuery} answered {(int)response.StatusCode}: {text}");
}
