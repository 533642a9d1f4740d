using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Parley.DevHost;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.Operations;

namespace Parley.Tests.Compatibility;

/// <summary>
/// The requests whose responses are recorded: every operation with success, and refusals that need a special state.
/// </summary>
/// <param name="host">A host without a tenant.</param>
/// <param name="clock">The host's clock.</param>
/// <param name="recorded">The recorder.</param>
internal sealed partial class OperationCalls(FunctionsHost host, ManualClock clock, RecordedOperations recorded)
{
    private const string Unknown = "5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d";

    private readonly HttpClient admin = recorded.ClientOf("administrator", OperatedStore.AdminKey);

    private HttpClient first = null!;
    private HttpClient second = null!;
    private HttpClient limited = null!;
    private JsonNode chatbot = null!;
    private JsonNode chat = null!;
    private JsonNode agent = null!;
    private JsonNode customer = null!;
    private JsonNode deletedMessage = null!;

    public async Task SendAllAsync()
    {
        await HealthAsync();
        await AdministrationAsync();
        await SendersAsync();
        await ChatbotsAsync();
        await ConversationsAsync();
        await ConversationMessagesAsync();
        await MessagesAsync();
        await ChatMessagesAsync();
        await TicketsAsync();
        await FollowUpsAsync();
        await FollowUpsThatAreSentAsync();
        await CompletionsAsync();
        await StreamsAsync();
        await RecordsAsync();
        await ExportsAsync();
        await ExportsWithoutAFileAsync();
        await DeletedChatbotAsync();
        await KeysAsync();
        await TokensAsync();
        await DeletedTenantAsync();
        await UploadsAsync();
        await RefusalsAsync();
        await ContactAsync();
        await QuotaAsync();
    }

    /// <summary>The tenant's quota is one request: see the settings of the host.</summary>
    private async Task QuotaAsync()
    {
        await limited.CallAsync(200, "GET v1/conversations");
        await limited.CallAsync(429, "GET v1/conversations");
    }

    /// <summary>
    /// Creates a contact with a picture whose message is read, so that fields without a value until then have one.
    /// </summary>
    private async Task ContactAsync()
    {
        var contact = await first.CallAsync(201, "POST v1/senders",
            new { entity = "external_user", name = "Ida", avatar = "https://parley.test/ida.png" });
        var talk = await first.CallAsync(201, "POST v1/conversations", new { title = "Read", contact = contact["id"] });
        var number = talk["number"];
        await first.CallAsync(200, "POST v1/chat-messages",
            new { chatId = number, content = "Hello", role = "user", senderId = contact["id"] });
        await first.CallAsync(200, $"POST v1/conversations/{number}/read", new { });
        await first.CallAsync(200, $"GET v1/conversations/{number}");
        await first.CallAsync(200, $"GET v1/conversations/{number}/messages");
        await first.CallAsync(200, $"GET v1/chat-messages?chatId={number}&joins=senders");
    }

    private async Task HealthAsync()
    {
        var anonymous = recorded.ClientOf("nobody", token: null);
        await anonymous.CallAsync(200, "GET v1/health/live");
        await anonymous.CallAsync(200, "GET v1/health/ready");
        await anonymous.CallAsync(200, "GET v1/version");
        await anonymous.CallAsync(200, "GET v1/version/");
        await anonymous.CallAsync(404, "GET v1/nothing");
        await anonymous.CallAsync(404, "POST v2/conversations", new { });
        await recorded.ClientOf("stranger", "parley_unknown").CallAsync(401, "GET v1/conversations");
    }

    private async Task DeletedTenantAsync()
    {
        await admin.CallAsync(201, "POST v1/admin/tenants", new { name = "Deleted" });
        await admin.CallAsync(422, "DELETE v1/admin/tenants/5?dryRun=perhaps");
        await admin.CallAsync(200, "DELETE v1/admin/tenants/5?dryRun=true");
        await admin.CallAsync(202, "DELETE v1/admin/tenants/5");
        await admin.CallAsync(200, "GET v1/admin/tenants/5");
        await admin.CallAsync(404, "DELETE v1/admin/tenants/999");
    }

    private async Task AdministrationAsync()
    {
        await admin.CallAsync(201, "POST v1/admin/tenants", new { name = "First" });
        await admin.CallAsync(422, "POST v1/admin/tenants", new { name = new string('n', 251) });
        var all = new { label = "Shop", scopes = ScopeNames.All };
        var key = await admin.CallAsync(201, "POST v1/admin/tenants/1/keys", all);
        await admin.CallAsync(201, "POST v1/admin/tenants", new { name = "Second" });
        var other = await admin.CallAsync(201, "POST v1/admin/tenants/2/keys", all);
        await admin.CallAsync(201, "POST v1/admin/tenants", new { name = "Limited" });
        var third = await admin.CallAsync(201, "POST v1/admin/tenants/3/keys", all);
        var scopes = new[] { "messages:read" };
        var reads = new { label = "Reads", scopes, expiresAt = "2026-03-09T12:00:00+03:00" };
        await admin.CallAsync(201, "POST v1/admin/tenants/1/keys", reads);
        await admin.CallAsync(422, "POST v1/admin/tenants/1/keys",
            new { label = "", scopes = new[] { "no:such" }, expiresAt = "yesterday" });
        await admin.CallAsync(422, "POST v1/admin/tenants/1/keys",
            new { label = "Late", scopes = Array.Empty<string>(), expiresAt = "2020-01-01T00:00:00Z" });
        await admin.CallAsync(404, "POST v1/admin/tenants/999/keys", all);
        await admin.CallAsync(404, "POST v1/admin/tenants/x/keys", all);
        await admin.CallAsync(201, "POST v1/admin/tenants/1/webhook-secret");
        await admin.CallAsync(404, "POST v1/admin/tenants/999/webhook-secret");
        first = recorded.ClientOf("first tenant", $"{key["key"]}");
        second = recorded.ClientOf("second tenant", $"{other["key"]}");
        limited = recorded.ClientOf("limited tenant", $"{third["key"]}");
        await first.CallAsync(401, "POST v1/admin/tenants", new { name = "Third" });
        await first.CallAsync(200, "GET v1/conversations", null, ("X-Tenant", "1"));
        await first.CallAsync(403, "GET v1/conversations", null, ("X-Tenant", "2"));
        await first.CallAsync(422, "GET v1/conversations", null, ("X-Tenant", "first"));
    }

    private async Task SendersAsync()
    {
        agent = await first.CallAsync(201, "POST v1/senders", new
        {
            entity = "agent",
            name = "Ann",
            externalId = "crm-1",
            identifier = "ann@parley.test",
            avatar = "https://parley.test/ann.png",
            email = "ann@parley.test",
            phoneNumber = "+372 555",
            metadata = new { team = "é<>&\"'", list = new object?[] { 1, 1.50, null, true } },
        });
        customer = await first.CallAsync(201, "POST v1/senders",
            new { entity = "external_user", name = "Eve", blocked = true });
        await first.CallAsync(409, "POST v1/senders", new { entity = "user", externalId = "crm-1" });
        await first.CallAsync(409, "POST v1/senders", new { entity = "user", identifier = "ann@parley.test" });
        await first.CallAsync(422, "POST v1/senders",
            new { entity = "robot", name = "", email = "", avatar = "no link", blocked = "yes" });
        await first.CallAsync(200, "GET v1/senders");
        await first.CallAsync(200, "GET v1/senders?externalId=crm-1");
        await first.CallAsync(200, "GET v1/senders?identifier=nobody");
        await WalkAsync("v1/senders?pageSize=1");
        await first.CallAsync(200, $"GET v1/senders/{agent["id"]}");
        await first.CallAsync(200, "GET v1/senders/2");
        await first.CallAsync(404, "GET v1/senders/x");
        await first.CallAsync(200, "PATCH v1/senders/1",
            new { name = "Anna", email = (string?)null, blocked = true }, ("If-Match", "\"1\""));
        await first.CallAsync(412, "PATCH v1/senders/1", new { name = "Anne" }, ("If-Match", "\"1\""));
        await first.CallAsync(409, "PATCH v1/senders/2", new { externalId = "crm-1" });
        await first.CallAsync(422, "PATCH v1/senders/1",
            new { name = "", avatar = "ftp://parley.test/", entity = "robot" });
    }

    private async Task ChatbotsAsync()
    {
        chatbot = await first.CallAsync(201, "POST v1/chatbots",
            new { name = "Bot", instructions = "Be brief.", provider = "main", model = "m", temperature = 0.30 });
        await first.CallAsync(201, "POST v1/chatbots", new { name = "Disabled", enabled = false });
        await first.CallAsync(422, "POST v1/chatbots",
            new { name = new string('n', 251), provider = "unknown", model = "", temperature = 2.1 });
        await WalkAsync("v1/chatbots?pageSize=1");
        await first.CallAsync(200, $"GET v1/chatbots/{chatbot["id"]}");
        await first.CallAsync(200, "PATCH v1/chatbots/1",
            new { temperature = 1, instructions = (string?)null }, ("If-Match", "\"1\""));
        await first.CallAsync(412, "PATCH v1/chatbots/1", new { name = "Stale" }, ("If-Match", "\"1\""));
        await first.CallAsync(422, "PATCH v1/chatbots/1",
            new { name = (string?)null, enabled = (bool?)null, temperature = -1 });
    }

    private async Task DeletedChatbotAsync()
    {
        await first.CallAsync(412, "DELETE v1/chatbots/2", null, ("If-Match", "\"999\""));
        await first.CallAsync(200, "DELETE v1/chatbots/2", null, ("If-Match", "\"1\""));
        await first.CallAsync(404, "DELETE v1/chatbots/2");
        await first.CallAsync(404, "GET v1/chatbots/2/records");
        await first.CallAsync(200, "GET v1/chatbots");
    }

    private async Task RefusalsAsync()
    {
        var exports = await KeyAsync("Exports", "exports:write");
        var messages = await KeyAsync("Messages", "messages:read", "messages:write");
        await new RefusedCalls(recorded, admin, first).SendAllAsync(second, exports, messages);
    }

    private async Task<HttpClient> KeyAsync(string label, params string[] scopes)
    {
        var key = await admin.CallAsync(201, "POST v1/admin/tenants/1/keys", new { label, scopes });
        return recorded.ClientOf($"first tenant, {string.Join(' ', scopes)}", $"{key["key"]}");
    }

    private Task<JsonNode> SayAsync(JsonNode conversation, string content, string role) =>
        first.CallAsync(200, "POST v1/chat-messages", new { chatId = conversation["number"], content, role });

    private Task TakenAsync(JsonNode export, int attempts) => UntilAsync(
        $"v1/exports/{export["exportId"]}",
        now => $"{now["callback"]!["status"]}" == "taken" && now["callback"]!["attempts"]!.AsArray().Count == attempts);

    /// <summary>Follows <c>next</c> to the end of a list, and <c>previous</c> from there once.</summary>
    private Task WalkAsync(string path) => WalkAsync(first, path);

    private static async Task WalkAsync(HttpClient client, string path)
    {
        string? next = path;
        JsonNode? page = null;
        while (next is not null)
        {
            page = await client.CallAsync(200, $"GET {next}");
            next = page["next"]?.GetValue<string>();
        }

        await client.CallAsync(200, $"GET {page!["previous"]}");
        await client.CallAsync(400, $"GET {path}&cursor=altered");
    }

    /// <summary>Reads without recording and without moving the clock, until background work has ended.</summary>
    private async Task UntilAsync(string path, Func<JsonNode, bool> isSo)
    {
        using var unrecorded = NewUnrecorded();
        await Eventually.TrueAsync(async () => isSo(await unrecorded.CallAsync(HttpMethod.Get, path)));
    }

    private HttpClient NewUnrecorded() => new()
    {
        BaseAddress = host.Api,
        DefaultRequestHeaders = { Authorization = first.DefaultRequestHeaders.Authorization },
    };

    private async Task RunAsync(string function)
    {
        using var administrator = new HttpClient { BaseAddress = host.BaseAddress };
        administrator.DefaultRequestHeaders.Authorization = admin.DefaultRequestHeaders.Authorization;
        using var response = await administrator.PostAsJsonAsync($"admin/functions/{function}", new { input = "" });
        response.EnsureSuccessStatusCode();
    }

    private static StringContent JsonText(string text) => new(text, Encoding.UTF8, "application/json");

    private DateTimeOffset AMinuteAgo => clock.GetUtcNow() - TimeSpan.FromMinutes(1);

    private DateTimeOffset After(int hours) => clock.GetUtcNow() + TimeSpan.FromHours(hours);

    private static MultipartFormDataContent Form(byte[] file, string name, string message, string? sender = null)
    {
        var form = new MultipartFormDataContent("boundary")
        {
            { new ByteArrayContent(file), "file", name },
            { new StringContent(message), "message" },
        };
        if (sender is not null)
        {
            form.Add(new StringContent(sender, Encoding.UTF8), "sender");
        }

        return form;
    }
}
