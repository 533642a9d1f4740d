using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Functions.Http;
using Parley.Problems;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Conversations;

/// <summary>Conversations.</summary>
public sealed class ConversationFunctions(ApiEndpoint endpoint, ConversationReader reader, ConversationCreation creation)
{
    /// <summary>A name of up to a line: titles, channels, names, addresses.</summary>
    private const int MaxLine = 250;

    /// <summary>Metadata fits one property of a row.</summary>
    private const int MaxMetadata = LongText.MaxPerProperty;

    /// <summary>Room for metadata of which every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    /// <summary>POST /conversations.</summary>
    [Function("ConversationsCreate")]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var draft = new NewConversation(
                fields.Text("title", 0, MaxLine),
                fields.Text("channel", 1, MaxLine),
                fields.Uuid("webChat"),
                fields.Text("address", 1, MaxLine),
                fields.Text("first_name", 0, MaxLine),
                fields.Text("last_name", 0, MaxLine),
                fields.Object("metadata", MaxMetadata));
            var contact = fields.Uuid("contact");
            var chatbot = fields.Uuid("chatbot");
            if (contact is not null)
            {
                fields.Fail("contact", "No such contact.");
            }

            var key = RequestHeaders.ReadIdempotencyKey(
                request, fields, draft.Title, draft.Channel, draft.WebChat?.ToString(), draft.Address, draft.FirstName, draft.LastName, draft.Metadata);
            fields.ThrowIfInvalid();
            if (chatbot is not null)
            {
                throw ErrorCode.ChatbotNotFound.With("There is no such chatbot.");
            }

            var (conversation, replayed) = await creation.CreateAsync(call.Caller.Tenant, draft, key, call.Cancellation);
            return Answer(conversation, StatusCodes.Status201Created, replayed, $"{PublicUrl.Of(request)}/{conversation.Id}");
        });

    /// <summary>GET /conversations/{id}.</summary>
    [Function("ConversationsGet")]
    public Task Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/conversations/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesRead, async call =>
            Answer(await reader.GetAsync(call.Conversation(id), call.Cancellation), StatusCodes.Status200OK));

    private static JsonResult<ConversationAnswer> Answer(Conversation conversation, int status, bool replayed = false, string? location = null) =>
        new(ConversationAnswer.Of(conversation), CamelJson.Default.ConversationAnswer, status)
        {
            Revision = conversation.Revision,
            Replayed = replayed,
            Location = location,
        };
}
