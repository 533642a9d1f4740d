using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

// The tests mostly wait: for storage, for timers, and for time to pass.
[assembly: CollectionBehavior(MaxParallelThreads = 6)]

namespace Parley.EndToEnd.Tests;

/// <summary>
/// Tests of what all tenants share, such as the list of tenants and the administrators' audit log: they run one after
/// the other. The other classes have a <see cref="ParleyFixture"/>, and so a tenant, of their own.
/// </summary>
[CollectionDefinition(Name)]
public sealed class HostCollection : ICollectionFixture<ParleyFixture>
{
    public const string Name = "host";
}

/// <summary>Requests and checks of responses for end-to-end tests.</summary>
internal static class Api
{
    public static async Task<HttpResponseMessage> SendJsonAsync(
        this HttpClient client, HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }

    /// <summary>The body of a response that must have this status.</summary>
    public static async Task<JsonNode> ReadAsync(this HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Creates a conversation and returns its number.</summary>
    public static async Task<int> CreateConversationAsync(this HttpClient client, object? body = null)
    {
        using var response = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations", body ?? new { });
        return (await response.ReadAsync(HttpStatusCode.Created))["number"]!.GetValue<int>();
    }

    /// <summary>Posts a message and returns its integer id.</summary>
    public static async Task<long> PostAsync(this HttpClient client, int conversation, string message, object? quoted = null)
    {
        using var response = await client.SendJsonAsync(
            HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message, quoted_message_id = quoted });
        return long.Parse((await response.ReadAsync())["data"]!["message_id"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public static async Task<JsonNode> ListAsync(this HttpClient client, int conversation, string query = "")
    {
        using var response = await client.GetAsync($"v1/conversations/{conversation}/messages{query}");
        return await response.ReadAsync();
    }

    /// <summary>Checks the problem body (RFC 9457 and the members that the described APIs' clients read).</summary>
    public static async Task<JsonNode> AssertProblemAsync(this HttpResponseMessage response, int status, string code, params string[] fields)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.ToString());
        var problem = JsonNode.Parse(text)!.AsObject();
        Assert.Equal(["type", "title", "status", "detail", "error", "message", "errors", "traceId"], problem.Select(member => member.Key));
        Assert.Equal($"urn:parley:problem:{code}", problem["type"]!.GetValue<string>());
        Assert.NotEmpty(problem["title"]!.GetValue<string>());
        Assert.Equal(status, problem["status"]!.GetValue<int>());
        Assert.Equal(code, problem["error"]!.GetValue<string>());
        Assert.Equal(problem["detail"]!.GetValue<string>(), problem["message"]!.GetValue<string>());
        Assert.NotEmpty(problem["traceId"]!.GetValue<string>());
        Assert.Equal(fields.Order(), (problem["errors"]?.AsObject().Select(member => member.Key) ?? []).Order());
        return problem;
    }
}
