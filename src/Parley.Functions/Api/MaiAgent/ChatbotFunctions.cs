using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Providers;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Chatbots, which are the assistants of a tenant.</summary>
public sealed class ChatbotFunctions(
    ApiEndpoint endpoint,
    ChatbotReader reader,
    ChatbotWriter writer,
    AssistantProviders providers,
    PerDialect<IChatbotForms> forms)
{
    /// <summary>Instructions of maximum length fit even if every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    /// <summary>Instructions must fit in one property of a row.</summary>
    private const int MaxInstructions = LongText.MaxPerProperty;

    /// <summary>The usual maximum of providers.</summary>
    private const double MaxTemperature = 2;

    [Function("ChatbotsCreate")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chatbots")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            if (fields.IsAbsent("name"))
            {
                fields.Fail("name", "Is required.");
            }

            var change = ReadChange(call.Caller.Tenant, fields, isNew: true);
            fields.ThrowIfInvalid();

            var chatbot = await writer.CreateAsync(call.Caller.Tenant, change, call.Cancellation);
            return Respond(call, chatbot, AnswerHeaders.Created($"{PublicUrl.Of(request)}/{chatbot.Id}"));
        });

    /// <inheritdoc cref="Create"/>
    [Function("ChatbotsCreateUnversioned")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "chatbots")] HttpRequest request) =>
        Create(request);

    [Function("ChatbotsList")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chatbots")] HttpRequest request) =>
        endpoint.RunAsync(request, call => forms[call.Caller.Dialect].ListAsync(call));

    /// <inheritdoc cref="List"/>
    [Function("ChatbotsListUnversioned")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "chatbots")] HttpRequest request) =>
        List(request);

    [Function("ChatbotsGet")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chatbots/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            Respond(call, await reader.GetAsync(call.Chatbot(id), call.Cancellation), AnswerHeaders.Ok));

    /// <inheritdoc cref="Get"/>
    [Function("ChatbotsGetUnversioned")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task GetUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "chatbots/{id}")] HttpRequest request,
        string id) =>
        Get(request, id);

    [Function("ChatbotsUpdate")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/chatbots/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(call.Caller.Tenant, fields, isNew: false);
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var changed = await writer.ChangeAsync(call.Chatbot(id), change, expected, call.Cancellation);
            return Respond(call, changed, AnswerHeaders.Ok);
        });

    /// <inheritdoc cref="Update"/>
    [Function("ChatbotsUpdateUnversioned")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task UpdateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "chatbots/{id}")] HttpRequest request, string id) =>
        Update(request, id);

    [Function("ChatbotsDelete")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/chatbots/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var expected = RequestHeaders.ReadPreconditions(request);
            var deleted = await writer.DeleteAsync(call.Chatbot(id), expected, call.Cancellation);
            return forms[call.Caller.Dialect].RespondDeleted(deleted);
        });

    /// <inheritdoc cref="Delete"/>
    [Function("ChatbotsDeleteUnversioned")]
    [RequiresScope(Scopes.AssistantsWrite)]
    public Task DeleteUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "chatbots/{id}")] HttpRequest request,
        string id) =>
        Delete(request, id);

    private IResult Respond(Call call, Chatbot chatbot, AnswerHeaders headers) =>
        forms[call.Caller.Dialect].Respond(chatbot, headers);

    /// <summary>
    /// An absent field keeps its value. Null clears a field, except for name and enabled, which always have a value.
    /// </summary>
    private Func<Chatbot, Chatbot> ReadChange(TenantId tenant, Fields fields, bool isNew)
    {
        var name = fields.Text("name", 1, Limits.Line);
        var instructions = fields.Text("instructions", 0, MaxInstructions, TextUnit.Utf16);
        var provider = fields.Text("provider", 1, AssistantProviders.MaxNameLength);
        var model = fields.Text("model", 1, Limits.Line);
        var temperature = fields.Number("temperature", 0, MaxTemperature);
        var enabled = fields.Boolean("enabled");
        var webChats = fields.Rules.TakesWebChats ? fields.Uuids("webChats", Chatbot.MaxWebChats) : null;
        if (isNew || fields.Has("provider"))
        {
            // Checked only when the field is sent, so that a chatbot stays editable after its provider is removed from
            // the settings.
            RequireProvider(tenant, fields, fields.IsAbsent("provider") ? AssistantProviders.Default : provider);
        }

        return chatbot => chatbot with
        {
            Name = name ?? chatbot.Name,
            Instructions = fields.Has("instructions") ? instructions : chatbot.Instructions,
            Provider = fields.Has("provider") ? provider : chatbot.Provider,
            Model = fields.Has("model") ? model : chatbot.Model,
            Temperature = fields.Has("temperature") ? temperature : chatbot.Temperature,
            Enabled = enabled ?? chatbot.Enabled,
            WebChatIds = fields.Rules.TakesWebChats && fields.Has("webChats")
                ? webChats is { Count: > 0 } ids ? string.Join(' ', ids) : null
                : chatbot.WebChatIds,
        };
    }

    /// <param name="tenant">The owner of the chatbot: only its providers are named in the error.</param>
    /// <param name="fields">Collects the error of a provider that the tenant does not have.</param>
    /// <param name="name">The provider; null when its field is already invalid.</param>
    private void RequireProvider(TenantId tenant, Fields fields, string? name)
    {
        if (name is null || providers.Find(tenant, name) is not null)
        {
            return;
        }

        var names = providers.NamesFor(tenant);
        fields.Fail(
            "provider", $"No such provider. This tenant has: {(names.Count > 0 ? string.Join(", ", names) : "none")}.");
    }
}
