using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Parley.Tests.Compatibility;

/// <summary>Sends requests through recording clients.</summary>
internal static class RecordedCalls
{
    /// <summary>Sends a request that must be answered with this status.</summary>
    /// <param name="client">The client.</param>
    /// <param name="status">The status, which is also asserted when golden responses are written.</param>
    /// <param name="call">The method and the address.</param>
    /// <param name="body">The body: content, or a value to serialize as JSON.</param>
    /// <param name="headers">Further headers.</param>
    /// <returns>The response if it is JSON, otherwise an empty object.</returns>
    public static async Task<JsonNode> CallAsync(
        this HttpClient client,
        int status,
        string call,
        object? body = null,
        params (string Name, string Value)[] headers)
    {
        var parts = call.Split(' ', 2);
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1])
        {
            Content = body as HttpContent ?? (body is null ? null : JsonContent.Create(body)),
        };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(
            (int)response.StatusCode == status,
            $"{call} was answered {(int)response.StatusCode}, not {status}: {text}");
        return response.Content.Headers.ContentType?.MediaType == "application/json"
            ? JsonNode.Parse(text)! : new JsonObject();
    }
}
