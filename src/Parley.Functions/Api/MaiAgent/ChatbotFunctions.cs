using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Providers;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Chatbots: the tenant's assistants.</summary>
public sealed class ChatbotFunctions(ApiEndpoint endpoint, ChatbotReader reader, ChatbotWriter writer, AssistantProviders providers)
{
    /// <summary>Room for instructions of which every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    /// <summary>Instructions fit one property of a row.</summary>
    private const int MaxInstructions = LongText.MaxPerProperty;

    /// <summary>What providers commonly take.</summary>
    private const double MaxTemperature = 2;

    /// <summary>POST /chatbots.</summary>
    [Function("ChatbotsCreate")]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chatbots")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            if (fields.IsAbsent("name"))
            {
                fields.Fail("name", "Is required.");
            }

            var change = ReadChange(fields, isNew: true);
            fields.ThrowIfInvalid();

            var chatbot = await writer.CreateAsync(call.Caller.Tenant, change, call.Cancellation);
            return Answer(chatbot, StatusCodes.Status201Created, $"{PublicUrl.Of(request)}/{chatbot.Id}");
        });

    /// <summary>GET /chatbots.</summary>
    [Function("ChatbotsList")]
    public Task List([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/chatbots")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call =>
        {
            var query = new QueryFields(request.Query);
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            query.ThrowIfInvalid();

            var page = await reader.ListAsync(call.Caller.Tenant, query.Cursor(), pageSize, call.Cancellation);
            return new JsonResult<CursorList<ChatbotResponse>>(
                CursorList.Create([.. page.Items.Select(ChatbotResponse.Of)], page.Next, page.Previous, request), CamelJson.Default.CursorListChatbotResponse);
        });

    /// <summary>GET /chatbots/{id}.</summary>
    [Function("ChatbotsGet")]
    public Task Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/chatbots/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call => Answer(await reader.GetAsync(call.Chatbot(id), call.Cancellation)));

    /// <summary>PATCH /chatbots/{id}.</summary>
    [Function("ChatbotsUpdate")]
    public Task Update([HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/chatbots/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(fields, isNew: false);
            var expected = RequestHeaders.ReadIfMatch(request);
            fields.ThrowIfInvalid();

            return Answer(await writer.ChangeAsync(call.Chatbot(id), change, expected, call.Cancellation));
        });

    /// <summary>DELETE /chatbots/{id}.</summary>
    [Function("ChatbotsDelete")]
    public Task Delete([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/chatbots/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call =>
        {
            var deleted = await writer.DeleteAsync(call.Chatbot(id), RequestHeaders.ReadIfMatch(request), call.Cancellation);

            // Without an ETag: there is nothing left that it could be compared with.
            return new JsonResult<ChatbotResponse>(ChatbotResponse.Of(deleted), CamelJson.Default.ChatbotResponse);
        });

    private static JsonResult<ChatbotResponse> Answer(Chatbot chatbot, int status = StatusCodes.Status200OK, string? location = null) =>
        new(ChatbotResponse.Of(chatbot), CamelJson.Default.ChatbotResponse, status) { Revision = chatbot.Revision, Location = location };

    /// <summary>What the body changes: what is absent stays, null clears what may be null.</summary>
    private Func<Chatbot, Chatbot> ReadChange(Fields fields, bool isNew)
    {
        var name = fields.Text("name", 1, Limits.Line);
        var instructions = fields.Text("instructions", 0, MaxInstructions);
        var provider = fields.Text("provider", 1, AssistantProviders.MaxNameLength);
        var model = fields.Text("model", 1, Limits.Line);
        var temperature = fields.Number("temperature", 0, MaxTemperature);
        var enabled = fields.Boolean("enabled");
        if (isNew || fields.Has("provider"))
        {
            // Only what is set now: a chatbot whose provider left the settings can be changed otherwise.
            RequireProvider(fields, fields.IsAbsent("provider") ? AssistantProviders.Default : provider);
        }

        return chatbot => chatbot with
        {
            Name = name ?? chatbot.Name,
            Instructions = fields.Has("instructions") ? instructions : chatbot.Instructions,
            Provider = fields.Has("provider") ? provider : chatbot.Provider,
            Model = fields.Has("model") ? model : chatbot.Model,
            Temperature = fields.Has("temperature") ? temperature : chatbot.Temperature,
            Enabled = enabled ?? chatbot.Enabled,
        };
    }

    /// <param name="fields">Learns of a provider that the settings do not name.</param>
    /// <param name="name">The provider; null when its field is wrong already.</param>
    private void RequireProvider(Fields fields, string? name)
    {
        if (name is null || providers.Names.Contains(name, StringComparer.Ordinal))
        {
            return;
        }

        var names = providers.Names.Count == 0 ? "none" : string.Join(", ", providers.Names.Order(StringComparer.Ordinal));
        fields.Fail("provider", $"No such provider. The settings name{(providers.Names.Count == 0 ? "" : ":")} {names}.");
    }
}
