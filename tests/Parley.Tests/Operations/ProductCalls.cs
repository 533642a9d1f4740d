using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Operations;

/// <summary>Calls of the API that must succeed.</summary>
internal static class ProductCalls
{
    public static async Task<JsonNode> CallAsync(this HttpClient client, HttpMethod method, string path, object? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body as HttpContent ?? (body is null ? null : JsonContent.Create(body)) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    public static Task<JsonNode> PostAsync(this HttpClient client, string path, object body, string? key = null) =>
        client.CallAsync(HttpMethod.Post, path, body, key);

    /// <summary>Returns one member of a response.</summary>
    public static async Task<JsonNode> GetAsync(this HttpClient client, string path, string member) => (await client.CallAsync(HttpMethod.Get, path))[member]!;

    public static Task<JsonNode> PostTextAsync(this HttpClient client, JsonNode chat, string content, string role = "user") =>
        client.PostAsync("v1/chat-messages", new { chatId = chat["number"], content, role });

    public static Task<JsonNode> FollowUpAsync(this HttpClient client, JsonNode chat, TimeSpan after, TimeProvider? time = null) =>
        client.PostAsync(
            "v1/chat-message-follow-ups",
            new { chatId = chat["number"], dueDate = (time ?? TimeProvider.System).GetUtcNow() + after, message = "Still there?" });

    /// <summary>Creates an export, and waits for its file and the first delivery of its webhook.</summary>
    /// <param name="client">The API client.</param>
    /// <param name="time">The clock of the host; null for the system clock.</param>
    public static async Task<JsonNode> ExportAsync(this HttpClient client, TimeProvider? time = null)
    {
        var rangeStart = (time ?? TimeProvider.System).GetUtcNow() - TimeSpan.FromDays(1);
        var begun = await client.PostAsync("v1/chat-messages/export", new { callbackUrl = "http://localhost:9/", format = "jsonl", rangeStart });
        var export = begun;
        await Eventually.TrueAsync(async () =>
        {
            export = await client.CallAsync(HttpMethod.Get, $"v1/exports/{begun["exportId"]}");
            var status = $"{export["status"]}";
            Assert.True(status is not "failed", $"{export}");
            return status is "completed" && export["callback"]!["attempts"]!.AsArray().Count > 0;
        });
        return export;
    }
}
