using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Tenancy;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Tenants;
using Parley.Testing;
using Parley.Testing.OpenApi;

namespace Parley.EndToEnd.Tests.OpenApi.Generated;

/// <summary>
/// A tenant with what the operations of a document need, and one call of each that succeeds, if they are made in their
/// order.
/// </summary>
internal sealed class DocumentedCalls
{
    /// <summary>Operations after which others would be refused: they come last, in this order.</summary>
    private static readonly string[] Last =
        ["deleteConversationMessage", "cancelFollowUp", "deleteExport", "deleteChatbot", "revokeApiKey", "revokeTenantApiKey", "changeTenant", "deleteTenant"];

    private readonly OpenApiContract contract;
    private readonly Dictionary<string, (string Uuid, string Number)> ids = [];
    private Uri link = null!;
    private string file = "";

    private DocumentedCalls(OpenApiContract contract, string key, string adminKey) => (this.contract, Key, AdminKey) = (contract, key, adminKey);

    /// <summary>The key of the tenant, with all scopes, in the dialect.</summary>
    public string Key { get; }

    public string AdminKey { get; }

    /// <summary>Prepares the tenant.</summary>
    public static async Task<DocumentedCalls> PrepareAsync(ParleyFixture parley, Dialect dialect)
    {
        var admin = parley.NewClient(parley.AdminKey);
        var access = await parley.CreateTenantAsync($"Generated {dialect}");
        var client = parley.NewClient(access.ApiKey);
        var created = await client.CallAsync(
            HttpMethod.Post, "v1/keys", new { label = "Generated", scopes = ScopeNames.All, dialect = dialect.Name() }, HttpStatusCode.Created);
        var calls = new DocumentedCalls(DialectDocuments.Of(dialect), ApiHelpers.Text(created["key"])!, parley.AdminKey);
        var resources = await TenantResources.CreateAsync(access, client, admin, 1);
        foreach (var kind in resources.Kinds)
        {
            var both = resources.Last(kind).ToList();
            calls.ids[kind] = (resources.First(kind), both[^1]);
        }

        // A conversation without a ticket in which the customer does not write.
        var quiet = await client.NewConversationAsync();
        await client.PostTextAsync(quiet["id"]!, "How can I help?", "assistant");
        calls.Add("quiet", quiet);
        calls.Add("twin's chatbot", await client.NewChatbotAsync());
        var ticket = await client.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId = (await client.NewConversationAsync())["id"] }, HttpStatusCode.Created);
        calls.Add("ticket", ticket);
        calls.link = new Uri(ApiHelpers.Text((await NewLinkAsync(client))["url"])!);
        calls.ids["upload"] = (calls.link.Segments[^1], "");
        calls.file = await UploadAsync(client);

        // Administrators change and delete another tenant.
        var other = await parley.CreateTenantAsync($"Administered {dialect}");
        calls.ids["tenant"] = ($"{other.Tenant}", $"{other.Tenant}");
        calls.ids["tenant's key"] = ("1", "1");
        calls.ids["own key"] = ($"{created["id"]}", $"{created["id"]}");
        await client.UntilAsync(new JsonObject { ["id"] = calls.ids["export"].Uuid }, export => ApiHelpers.Text(export["status"]) == "completed");
        return calls;
    }

    private static Task<JsonNode> NewLinkAsync(HttpClient client) =>
        client.CallAsync(HttpMethod.Post, "v1/upload-presigned-url", new { filename = "a.txt" });

    /// <summary>Uploads a file, and returns its key.</summary>
    private static async Task<string> UploadAsync(HttpClient client)
    {
        var given = await NewLinkAsync(client);
        using var form = new MultipartFormDataContent { { new ByteArrayContent("text"u8.ToArray()), "file", "a.txt" } };
        using var stored = await client.PostAsync(ApiHelpers.Text(given["url"]), form);
        stored.EnsureSuccessStatusCode();
        return ApiHelpers.Text(given["fields"]!["key"])!;
    }

    private void Add(string kind, JsonNode entity) => ids[kind] = (ApiHelpers.Text(entity["id"])!, $"{entity["number"]}");

    /// <summary>The calls, in their order.</summary>
    public IReadOnlyList<DocumentedCall> All() =>
        [.. DocumentedRequest.Of(contract).Select(Create).OrderBy(call => Array.IndexOf(Last, call.Id.Replace("Unversioned", "", StringComparison.Ordinal)))];

    private DocumentedCall Create(DocumentedRequest request)
    {
        var values = request.Fill(place => IdOf(request, place));
        if (values.Body is { } body)
        {
            if (body.ContainsKey("isStreaming"))
            {
                // Generated clients read JSON.
                body["isStreaming"] = false;
            }

            if (values.MediaType == "application/json" && body.ContainsKey("file"))
            {
                body["file"] = file;
            }

            if (body.ContainsKey("client_secret"))
            {
                (body["client_id"], body["client_secret"]) = (ids["own key"].Number, Key);
            }
        }

        if (request.Takes("signature"))
        {
            var query = System.Web.HttpUtility.ParseQueryString(link.Query);
            (values.Query["expires"], values.Query["signature"]) = (long.Parse(query["expires"]!, CultureInfo.InvariantCulture), query["signature"]);
        }

        var answers = request.Operation["responses"]!.AsObject().Where(response => response.Key.StartsWith('2'))
            .SelectMany(response => contract.Follow(response.Value!)["content"]?.AsObject().Select(media => media.Key) ?? []);
        return new DocumentedCall(
            ApiHelpers.Text(request.Operation["operationId"])!,
            request.IsAdministration ? "administrator" : request.Scope is null ? "none" : "key",
            request.Method,
            request.Path,
            new Dictionary<string, JsonObject> { ["path"] = values.Path, ["query"] = values.Query },
            values.MediaType,
            values.Body,
            [.. answers]);
    }

    private JsonNode IdOf(DocumentedRequest request, IdPlace place)
    {
        var (uuid, number) = ids[(place.Kind, request.Method, request.Path) switch
        {
            ("conversation", "POST", "/v1/tickets" or "/v1/chat-message-follow-ups") => "quiet",
            ("key", _, _) when request.IsAdministration => "tenant's key",
            ("chatbot", "DELETE", "/chatbots/{id}") => "twin's chatbot",
            var (kind, _, _) => kind,
        }];
        return place.IsInteger ? long.Parse(number, CultureInfo.InvariantCulture) : uuid;
    }
}
