using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Conversations;
using Parley.Functions.Http;
using Parley.Messages;
using Parley.Tenants;

namespace Parley.Functions.Messages;

/// <summary>Messages of a conversation, as Flextell's clients read and write them.</summary>
public sealed class ConversationMessageFunctions(ApiEndpoint endpoint, MessagePages pages, MessageAppend append, MessageChange change)
{
    private const int MaxMessage = 5000;
    private const int MaxPerPage = 100;
    private const int DefaultPerPage = 15;

    /// <summary>Room for a message of which every character is escaped.</summary>
    private const int MaxBody = 64 * 1024;

    /// <summary>GET /conversations/{id}/messages.</summary>
    [Function("ConversationMessagesList")]
    public Task List([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/conversations/{id}/messages")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesRead, async call =>
        {
            var query = new QueryFields(request.Query);
            var page = query.Number("page", 1, 1, int.MaxValue);
            var perPage = query.Number("per_page", DefaultPerPage, 1, MaxPerPage);
            var newestFirst = query.Word("order", "desc", "asc") == "desc";
            query.ThrowIfInvalid();

            var found = await pages.ReadAsync(call.Conversation(id), page, perPage, newestFirst, call.Cancellation);
            var data = found.Messages.Select(message => ConversationMessage.Of(message, found.QuotedTexts)).ToList();
            return new JsonResult<Paginator<ConversationMessage>>(
                Paginator.Create(data, page, perPage, found.Total, request), SnakeJson.Default.PaginatorConversationMessage);
        });

    /// <summary>POST /conversations/{id}/messages.</summary>
    [Function("ConversationMessagesPost")]
    public Task Post([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}/messages")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var text = fields.RequiredText("message", 1, MaxMessage);
            var quoted = fields.Id("quoted_message_id");
            if (fields.Uuid("sender") is not null)
            {
                fields.Fail("sender", "No such sender.");
            }

            var key = RequestHeaders.ReadIdempotencyKey(request, fields, text, quoted);
            fields.ThrowIfInvalid();

            var draft = new NewMessage(MessageRole.Staff, text, call.Caller.Number, call.Caller.Name, quoted);
            var stored = await append.AppendAsync(call.Conversation(id), draft, key, call.Cancellation);
            return new JsonResult<DataAnswer<SentMessage>>(
                new DataAnswer<SentMessage>("true", SentMessage.Of(stored.Key)), SnakeJson.Default.DataAnswerSentMessage)
            {
                Replayed = stored.Replayed,
            };
        });

    /// <summary>PUT /conversations/{id}/messages/{messageId}.</summary>
    [Function("ConversationMessagesUpdate")]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "v1/conversations/{id}/messages/{messageId}")] HttpRequest request,
        string id,
        string messageId) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var text = fields.RequiredText("message", 1, MaxMessage);
            var expected = RequestHeaders.ReadIfMatch(request);
            fields.ThrowIfInvalid();

            var edited = await change.EditAsync(call.Conversation(id), messageId, text, call.Caller.Name, expected, call.Cancellation);
            return new JsonResult<DataAnswer<ConversationMessage>>(
                new DataAnswer<ConversationMessage>("true", ConversationMessage.Of(edited.Message, edited.QuotedTexts)),
                SnakeJson.Default.DataAnswerConversationMessage)
            {
                Revision = edited.Message.Revision,
            };
        });

    /// <summary>DELETE /conversations/{id}/messages/{messageId}.</summary>
    [Function("ConversationMessagesDelete")]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/conversations/{id}/messages/{messageId}")] HttpRequest request,
        string id,
        string messageId) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var expected = RequestHeaders.ReadIfMatch(request);
            var deleted = await change.DeleteAsync(call.Conversation(id), messageId, call.Caller.Name, expected, call.Cancellation);
            return new JsonResult<DataAnswer<DeletedMessage>>(
                new DataAnswer<DeletedMessage>("true", new DeletedMessage("The message is deleted.")), SnakeJson.Default.DataAnswerDeletedMessage)
            {
                Revision = deleted.Revision,
            };
        });
}
