using System.Net;
using System.Text.Json.Nodes;
using Parley.DevHost.Commands;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;

namespace Parley.EndToEnd.Tests.Tenancy;

/// <summary>A tenant with several of every kind of entity, and their ids.</summary>
internal sealed class TenantResources
{
    private readonly Dictionary<string, List<(string Uuid, string? Number)>> ids = [];

    private TenantResources(TenantAccess access, HttpClient client) => (Access, Client) = (access, client);

    public TenantAccess Access { get; }

    /// <summary>A client whose key has all scopes.</summary>
    public HttpClient Client { get; }

    /// <summary>Every kind.</summary>
    public IEnumerable<string> Kinds => ids.Keys;

    /// <summary>A UUID of each kind.</summary>
    public IEnumerable<string> Uuids => ids.Values.Select(list => list[^1].Uuid).Where(id => id.Contains('-', StringComparison.Ordinal));

    /// <param name="count">How many of each kind. A tenant with more has numbers that one with fewer does not have.</param>
    public static async Task<TenantResources> CreateAsync(ParleyFixture parley, int count)
    {
        var access = await parley.CreateTenantAsync("Matrix");
        return await CreateAsync(access, parley.NewClient(access.ApiKey), parley.NewClient(parley.AdminKey), count);
    }

    /// <param name="client">A client with the access.</param>
    /// <param name="admin">A client with the admin key.</param>
    /// <param name="count">As above.</param>
    public static async Task<TenantResources> CreateAsync(TenantAccess access, HttpClient client, HttpClient admin, int count)
    {
        var tenant = new TenantResources(access, client);
        for (var i = 0; i < count; i++)
        {
            await tenant.AddAsync(admin);
        }

        // Two of each in the first conversation, so that its lists have a second page.
        var chatId = tenant.First("conversation");
        var second = await tenant.Client.PostTextAsync(chatId, "Are you there?", "assistant");
        await tenant.Client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId, chatMessageId = second["id"] });
        foreach (var status in new[] { "ongoing", "completed" })
        {
            await tenant.Client.CallAsync(HttpMethod.Patch, $"v1/tickets/{tenant.First("ticket")}", new { status });
        }

        await tenant.Client.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId }, HttpStatusCode.Created);
        return tenant;
    }

    /// <summary>The first id of a kind. Those of a conversation belong to one conversation.</summary>
    public string First(string kind) => ids[kind][0].Uuid;

    /// <summary>The last id of a kind, in both forms.</summary>
    public IEnumerable<string> Last(string kind) =>
        ids[kind][^1] is var one && one.Number is { } number && number != one.Uuid ? [one.Uuid, number] : [one.Uuid];

    private async Task AddAsync(HttpClient admin)
    {
        var sender = Add("sender", await Client.NewSenderAsync(new { entity = "external_user", name = "Ana" }));
        var chatbot = await Client.NewChatbotAsync();
        Add("chatbot", chatbot);
        var conversation = await Client.NewConversationAsync(new { channel = "whatsapp", contact = sender });
        var chat = Add("conversation", conversation);
        ids.TryAdd("inbox", []);
        ids["inbox"].Add((ApiHelpers.Text(conversation["inbox"]?["id"]) ?? ApiHelpers.UnknownUuid, null));
        var message = await Client.PostTextAsync(chat, "How can I help?", "assistant");
        var numbered = (await Client.ListAsync(conversation["number"]!.GetValue<int>()))["data"]![0]!["id"]!.ToJsonString();
        Add("message", message, numbered);
        Add("thread", await Client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat, chatMessageId = message["id"] }));
        Add("ticket", await Client.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId = chat }, HttpStatusCode.Created), number: "");
        Add("follow-up", await Client.FollowUpAsync(chat));

        // Nobody listens there, and the file does not depend on the callback.
        Add("export", await Client.ExportAsync(new { callbackUrl = "http://localhost:9/", format = "jsonl" }));
        var link = await Client.CallAsync(HttpMethod.Post, "v1/upload-presigned-url", new { filename = "a.txt" });
        ids.TryAdd("upload", []);
        ids["upload"].Add((new Uri(ApiHelpers.Text(link["url"])!).Segments[^1], null));
        var completion = await Client.CompleteAsync(chatbot, "Hello");
        ids.TryAdd("completion", []);
        ids["completion"].Add((ApiHelpers.Text(completion["completionId"])!, null));
        ids.TryAdd("tenant", []);
        ids["tenant"].Add(($"{Access.Tenant}", null));
        var key = await admin.CallAsync(
            HttpMethod.Post, $"v1/admin/tenants/{Access.Tenant}/keys", new { label = "Another", scopes = new[] { "messages:read" } }, HttpStatusCode.Created);
        ids.TryAdd("key", []);
        ids["key"].Add(($"{key["id"]}", null));
    }

    private string Add(string kind, JsonNode entity, string? number = null)
    {
        var uuid = ApiHelpers.Text(entity["id"])!;
        ids.TryAdd(kind, []);
        ids[kind].Add((uuid, (number ?? entity["number"]?.ToJsonString()) is { Length: > 0 } text ? text : null));
        return uuid;
    }
}
