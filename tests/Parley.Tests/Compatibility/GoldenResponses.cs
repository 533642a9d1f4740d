using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Parley.Tests.Operations;

namespace Parley.Tests.Compatibility;

/// <summary>
/// Reads all data of a tenant, in every dialect, into one JSON object: the path of each request and its response. Parts
/// that differ from host to host are replaced: the base address, signatures and the end of links. Long texts become
/// digests.
/// </summary>
internal sealed partial class GoldenResponses(HttpClient client)
{
    private const int LongestText = 120;
    private readonly JsonObject answers = [];

    public async Task<JsonObject> ReadAllAsync(GoldenFacts facts)
    {
        foreach (var chat in await ListAsync("v1/conversations?pageSize=100"))
        {
            await ReadConversationAsync($"{chat!["number"]}", $"{chat["id"]}");
            if (chat["contact"]?["id"] is { } contact)
            {
                await ListAsync($"v1/conversations?contact={contact}");
            }
        }

        await ListAsync("v1/conversations?channel=whatsApp");
        await FollowCursorsAsync("v1/conversations?pageSize=2");
        foreach (var sender in await ListAsync("v1/senders?pageSize=100"))
        {
            await GetAsync($"v1/senders/{sender!["id"]}");
        }

        await ListAsync("v1/senders?identifier=ann%40parley.test");
        await ListAsync("v1/senders?externalId=crm-1");
        foreach (var chatbot in await ListAsync("v1/chatbots?pageSize=100"))
        {
            await GetAsync($"v1/chatbots/{chatbot!["id"]}");
            await ListAsync($"v1/chatbots/{chatbot["id"]}/records");
        }

        await GetAsync($"v1/completions/{facts.Completion}");
        foreach (var export in await ListAsync("v1/exports?pageSize=100"))
        {
            await GetAsync($"v1/exports/{export!["id"]}");
        }

        foreach (var followUp in await ListAsync("v1/chat-message-follow-ups?pageSize=100"))
        {
            await GetAsync($"v1/chat-message-follow-ups/{followUp!["id"]}");
            await ListAsync($"v1/chat-message-follow-ups/{followUp["id"]}/events");
        }

        return answers;
    }

    private async Task ReadConversationAsync(string number, string id)
    {
        await GetAsync($"v1/conversations/{number}");
        await ListAsync($"v1/conversations/{number}/messages?per_page=100&order=asc");
        await ListAsync($"v1/chat-messages?chatId={number}&joins=senders&joins=chat-message-follow-ups");
        await ListAsync($"v1/chat-threads?chatId={number}");
        await ListAsync($"v1/chat-message-follow-ups?chatIds={id}");
        foreach (var message in await ListAsync($"v1/messages?conversation={number}&pageSize=100"))
        {
            await GetAsync($"v1/messages/{message!["id"]}");
        }

        foreach (var ticket in await ListAsync($"v1/tickets?chatId={number}"))
        {
            await GetAsync($"v1/tickets/{ticket!["id"]}");
        }
    }

    private async Task FollowCursorsAsync(string path)
    {
        for (var next = path; next is not null;)
        {
            next = (await GetAsync(next))["next"]?.GetValue<string>() is { } link
                ? Uri.UnescapeDataString(new Uri(link).PathAndQuery["/api/".Length..])
                : null;
        }
    }

    private async Task<JsonArray> ListAsync(string path)
    {
        var answer = await GetAsync(path);
        return (answer as JsonArray ?? answer["results"] as JsonArray ?? answer["data"] as JsonArray)!;
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        var answer = await client.CallAsync(HttpMethod.Get, path);
        answers[path] = Comparable(answer);
        return answer;
    }

    private JsonNode? Comparable(JsonNode? value) => value switch
    {
        JsonObject members =>
            new JsonObject(members.Select(member => KeyValuePair.Create(
                member.Key, member is { Key: "urlExpiresAt", Value: not null } ? "an hour from now" : Comparable(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Comparable)]),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => Comparable(text.GetValue<string>()),
        _ => value?.DeepClone(),
    };

    private string Comparable(string text)
    {
        text = text.Replace(client.BaseAddress!.AbsoluteUri, "http://parley.test/api/", StringComparison.Ordinal);
        text = StorageLink().Replace(text, "http://storage.test/${path}");
        return text.Length <= LongestText
            ? text
            : $"{text.Length} characters, SHA-256 "
                + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    [GeneratedRegex(
        @"^http://127\.0\.0\.1:\d+/devstoreaccount1/(?<path>[^?]+)\?.*$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex StorageLink();
}
