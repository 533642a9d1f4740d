using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Parley.Tenants;
using Parley.Testing;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>A new tenant with a key of Parley's dialect and one of MaiAgent's.</summary>
/// <param name="Parley">A client with the key of Parley's dialect. Its responses are validated.</param>
/// <param name="Client">A client with the key of MaiAgent's dialect. Its responses are validated.</param>
/// <param name="Key">The key of MaiAgent's dialect.</param>
internal sealed record MaiAgentTenant(HttpClient Parley, HttpClient Client, string Key)
{
    /// <summary>Creates a chatbot, and a conversation in its web chat.</summary>
    public async Task<(string Chatbot, JsonNode Conversation)> NewWebChatAsync(string name = "Bot")
    {
        var chatbot = ApiHelpers.Text((await Parley.NewChatbotAsync(new { name }))["id"])!;
        return (chatbot, await Client.CallAsync(
            HttpMethod.Post, "v1/conversations/", new { webChat = chatbot }, HttpStatusCode.Created));
    }
}

internal static class MaiAgentKeys
{
    public static async Task<MaiAgentTenant> NewMaiAgentAsync(this ParleyFixture parley, string name)
    {
        var tenant = await parley.CreateTenantAsync(name);
        var created = await parley.NewClient(parley.AdminKey).CallAsync(
            HttpMethod.Post,
            $"v1/admin/tenants/{tenant.Tenant}/keys",
            new { label = "MaiAgent", scopes = ScopeNames.All, dialect = "maiagent" },
            HttpStatusCode.Created);
        var key = ApiHelpers.Text(created["key"])!;
        var client = parley.NewClient(token: null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Api-Key", key);
        return new MaiAgentTenant(parley.NewClient(tenant.ApiKey), client, key);
    }
}
