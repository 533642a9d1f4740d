using Parley.EndToEnd.Tests.MaiAgent;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>A new tenant with one of every resource, so that every path of the document finds something.</summary>
/// <param name="Client">A client with all scopes.</param>
/// <param name="Paths">An existing path of each template that takes GET, such as <c>/v1/tickets/{id}</c>.</param>
internal sealed record EveryResource(HttpClient Client, IReadOnlyDictionary<string, string> Paths)
{
    /// <summary>The same for the paths that take the admin key.</summary>
    public required IReadOnlyDictionary<string, string> AdminPaths { get; init; }

    /// <summary>True for the paths that take the admin key.</summary>
    public static bool IsForAdministrator(string template) =>
        template.TrimStart('/').StartsWith("v1/admin/", StringComparison.Ordinal);

    public static async Task<EveryResource> CreateAsync(ParleyFixture parley)
    {
        var access = await parley.CreateTenantAsync("Every resource");
        var client = parley.NewClient(access.ApiKey);
        var chatbot = await client.NewChatbotAsync();
        var completion = await client.CompleteAsync(chatbot, "Hello");
        var sender = await client.NewSenderAsync(new { entity = "agent", name = "Ana" });
        var message = await client.NewAnsweredChatAsync();
        var chat = message["chatId"]!;
        await client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat, chatMessageId = message["id"] });
        var ticket = await client.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId = chat }, System.Net.HttpStatusCode.Created);
        var followUp = await client.FollowUpAsync(chat);

        // Nobody listens there, and the file does not depend on the callback.
        var export = await client.ExportAsync(new { callbackUrl = "http://localhost:9/", format = "jsonl" });
        export = await client.UntilAsync(export, now => ApiHelpers.Text(now["status"]) == "completed");
        return new EveryResource(client, new Dictionary<string, string>
        {
            ["/v1/conversations"] = "v1/conversations",
            ["/v1/conversations/{id}"] = $"v1/conversations/{chat}",
            ["/v1/conversations/{id}/messages"] = $"v1/conversations/{chat}/messages",
            ["/v1/messages"] = $"v1/messages?conversation={chat}",
            ["/v1/messages/{id}"] = $"v1/messages/{message["id"]}",
            ["/v1/chat-messages"] = $"v1/chat-messages?chatId={chat}&joins=chat-message-follow-ups&limit=1",
            ["/v1/chats"] = "v1/chats",
            ["/v1/chats/{id}/details"] = $"v1/chats/{chat}/details",
            ["/v1/chat-threads"] = $"v1/chat-threads?chatId={chat}",
            ["/v1/tickets"] = $"v1/tickets?chatId={chat}",
            ["/v1/tickets/{id}"] = $"v1/tickets/{ticket["id"]}",
            ["/v1/chat-message-follow-ups"] = "v1/chat-message-follow-ups",
            ["/v1/chat-message-follow-ups/{id}"] = $"v1/chat-message-follow-ups/{followUp["id"]}",
            ["/v1/chat-message-follow-ups/{id}/events"] = $"v1/chat-message-follow-ups/{followUp["id"]}/events",
            ["/v1/exports"] = "v1/exports",
            ["/v1/exports/{id}"] = $"v1/exports/{export["id"]}",
            ["/v1/exports/{id}/content"] = $"v1/exports/{export["id"]}/content",
            ["/v1/inboxes"] = "v1/inboxes",
            ["/v1/contacts"] = "v1/contacts",
            ["/v1/senders"] = "v1/senders",
            ["/v1/senders/{id}"] = $"v1/senders/{sender["id"]}",
            ["/v1/chatbots"] = "v1/chatbots",
            ["/v1/chatbots/{id}"] = $"v1/chatbots/{chatbot["id"]}",
            ["/v1/chatbots/{id}/records"] = $"v1/chatbots/{chatbot["id"]}/records",
            ["/v1/chatbots/{id}/records/export-excel"] = $"v1/chatbots/{chatbot["id"]}/records/export-excel",
            ["/v1/completions/{id}"] = $"v1/completions/{completion["completionId"]}",
            ["/v1/completions/{id}/events"] = $"v1/completions/{completion["completionId"]}/events",
            ["/v1/keys"] = "v1/keys",
            ["/v1/audit"] = "v1/audit",
            ["/v1/health/live"] = "v1/health/live",
            ["/v1/health/ready"] = "v1/health/ready",
            ["/v1/version"] = "v1/version",
            ["/.well-known/jwks.json"] = ".well-known/jwks.json",
        })
        {
            AdminPaths = new Dictionary<string, string>
            {
                ["/v1/admin/audit"] = $"v1/admin/audit?tenant={access.Tenant}",
                ["/v1/admin/tenants"] = await PageOfAsync(parley, access.Tenant),
                ["/v1/admin/tenants/{id}"] = $"v1/admin/tenants/{access.Tenant}",
                ["/v1/admin/tenants/{id}/keys"] = $"v1/admin/tenants/{access.Tenant}/keys",
            },
        };
    }

    /// <summary>
    /// The page of this tenant alone, behind a newer one, so that it stays the same while other tests create tenants.
    /// </summary>
    private static async Task<string> PageOfAsync(ParleyFixture parley, long tenant)
    {
        await parley.CreateTenantAsync("Newer");
        var admin = parley.NewClient(parley.AdminKey);
        var (path, page) = ("", await admin.CallAsync(HttpMethod.Get, "v1/admin/tenants?pageSize=1"));

        // A page is empty when its tenant was deleted meanwhile.
        while (page["results"]!.AsArray().FirstOrDefault()?["id"]!.GetValue<long>() != tenant)
        {
            path = ApiHelpers.Text(page["next"])!;
            page = await admin.CallAsync(HttpMethod.Get, path);
        }

        return path;
    }
}
