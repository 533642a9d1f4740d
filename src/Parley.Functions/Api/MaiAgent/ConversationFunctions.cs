using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Conversations. Flextell's clients use the same paths.</summary>
public sealed class ConversationFunctions(ApiEndpoint endpoint, PerDialect<IConversationHandlers> handlers)
{
    [Function("ConversationsCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations")] HttpRequest request) =>
        endpoint.RunAsync(request, call => handlers[call.Caller.Dialect].CreateAsync(call));

    /// <inheritdoc cref="Create"/>
    [Function("ConversationsCreateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "conversations")] HttpRequest request) =>
        Create(request);

    [Function("ConversationsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations")] HttpRequest request) =>
        endpoint.RunAsync(request, call => handlers[call.Caller.Dialect].ListAsync(call));

    /// <inheritdoc cref="List"/>
    [Function("ConversationsListUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "conversations")] HttpRequest request) =>
        List(request);

    [Function("ConversationsGet")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, call => handlers[call.Caller.Dialect].GetAsync(call, id));

    /// <inheritdoc cref="Get"/>
    [Function("ConversationsGetUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task GetUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "conversations/{id}")] HttpRequest request,
        string id) =>
        Get(request, id);

    [Function("ConversationsUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/conversations/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, call => handlers[call.Caller.Dialect].UpdateAsync(call, id));

    /// <inheritdoc cref="Update"/>
    [Function("ConversationsUpdateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task UpdateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "conversations/{id}")] HttpRequest request,
        string id) =>
        Update(request, id);
}
