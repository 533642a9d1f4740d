using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Parley.Testing.OpenApi;

namespace Parley.Tests.Compatibility;

/// <summary>
/// Repeats the first successful request of each operation in ways that are refused: without a key or a scope, with
/// another tenant's key, to an unknown id, and with invalid headers, parameters and bodies.
/// </summary>
/// <param name="recorded">The successful requests, and the recorder of refusals.</param>
/// <param name="administrator">The caller of the successful requests of administration.</param>
/// <param name="first">The caller of all others, with all scopes of a tenant.</param>
internal sealed partial class RefusedCalls(RecordedOperations recorded, HttpClient administrator, HttpClient first)
{
    private const string Unknown = "00000000-0000-4000-8000-000000000000";

    private static readonly string[] Unprotected =
        ["/v1/health/live", "/v1/health/ready", "/v1/version", "/v1/oauth/token", "/oauth/token", "/.well-known/jwks.json", "/v1/uploads/{id}"];
    private static readonly HttpMethod[] Methods =
        [HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete];

    /// <summary>Sends all of them.</summary>
    /// <param name="second">A caller with all scopes of another tenant.</param>
    /// <param name="exports">A caller with only the scope of exports.</param>
    /// <param name="messages">A caller with only the scopes of messages.</param>
    public async Task SendAllAsync(HttpClient second, HttpClient exports, HttpClient messages)
    {
        var anonymous = recorded.ClientOf("nobody", token: null);
        foreach (var (path, method, operation) in OpenApiContract.Document.Operations.ToList())
        {
            if (Unprotected.Contains(path))
            {
                continue;
            }

            var sent = recorded.Successes[$"{method} {path}"];
            await SendAsync(anonymous, sent);
            var isAdministration = path.StartsWith("/v1/admin/", StringComparison.Ordinal);
            if (!isAdministration)
            {
                await SendAsync(TakesMessagesScope(path) ? exports : messages, sent);
                await ReachNothingAsync(second, path, sent);
            }

            var caller = isAdministration ? administrator : first;
            await BreakParametersAsync(caller, path, operation, sent);
            await BreakBodyAsync(caller, operation, sent);
        }

        foreach (var (path, operations) in OpenApiContract.Document.Root["paths"]!.AsObject())
        {
            var wrong = Methods.First(method => !operations!.AsObject().ContainsKey(method.Method.ToLowerInvariant()));
            await SendAsync(first, new SentRequest(wrong, Identifier().Replace(path[1..], Unknown), null, null));
        }
    }

    /// <summary>Sends requests with the id of another tenant and with an unknown id; neither is found.</summary>
    private async Task ReachNothingAsync(HttpClient second, string template, SentRequest sent)
    {
        if (!template.Contains('{', StringComparison.Ordinal))
        {
            return;
        }

        await SendAsync(second, sent);
        var segments = sent.Path.Split('?')[0].Split('/');
        var names = template.Trim('/').Split('/');
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i][0] == '{')
            {
                foreach (var id in new[] { Unknown, "no-id" })
                {
                    string[] changed = [.. segments[..i], id, .. segments[(i + 1)..]];
                    await SendAsync(first, sent with { Path = string.Join('/', changed) });
                }
            }
        }
    }

    private static async Task BreakParametersAsync(
        HttpClient caller, string path, JsonObject operation, SentRequest sent)
    {
        var shared = OpenApiContract.Document.Root["paths"]![path]!["parameters"]?.AsArray() ?? [];
        var parameters = shared
            .Concat(operation["parameters"]?.AsArray() ?? [])
            .Select(parameter => OpenApiContract.Document.Follow(parameter!))
            .ToLookup(parameter => $"{parameter["in"]}", parameter => $"{parameter["name"]}");
        var query = parameters["query"].Where(name => name != "cursor").Select(name => $"{name}=%20").ToList();
        if (query.Count > 0)
        {
            await SendAsync(caller, sent with { Path = $"{sent.Path.Split('?')[0]}?{string.Join('&', query)}" });
        }

        if (parameters["query"].Contains("cursor"))
        {
            var separator = sent.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            await SendAsync(caller, sent with { Path = $"{sent.Path}{separator}cursor=no" });
        }

        foreach (var name in parameters["header"])
        {
            if (name is "If-Match")
            {
                await SendAsync(caller, sent, (name, "no tag"));
            }
            else if (name is "Idempotency-Key")
            {
                await SendAsync(caller, sent, (name, new string('k', 256)));
            }
        }
    }

    private static async Task BreakBodyAsync(HttpClient caller, JsonObject operation, SentRequest sent)
    {
        if (operation["requestBody"]?["content"]?["application/json"]?["schema"] is not { } schema)
        {
            return;
        }

        var members = OpenApiContract.Document.Follow(schema)["properties"]!.AsObject();
        var wrong = new JsonObject(members.Select(member =>
            KeyValuePair.Create(member.Key, (JsonNode?)new JsonArray(new JsonArray()))));
        foreach (var body in new[] { wrong.ToJsonString(), """{"a": 1""" })
        {
            await SendAsync(caller, sent with { Body = Encoding.UTF8.GetBytes(body) });
        }

        await SendAsync(caller, sent with { ContentType = "text/plain" });
    }

    private static async Task SendAsync(
        HttpClient caller, SentRequest sent, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(sent.Method, sent.Path);
        if (sent.Body is not null)
        {
            request.Content = new ByteArrayContent(sent.Body);
            request.Content.Headers.ContentType =
                sent.ContentType is null ? null : MediaTypeHeaderValue.Parse(sent.ContentType);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await caller.SendAsync(request);
    }

    private static bool TakesMessagesScope(string path) =>
        path is not "/v1/chat-messages/export"
        && !new[] { "/v1/exports", "/v1/chatbots", "/v1/completions", "/v1/chat-message-follow-ups" }
            .Any(start => path.StartsWith(start, StringComparison.Ordinal));

    [GeneratedRegex(@"\{[^}]+\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Identifier();
}
