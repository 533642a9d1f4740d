using System.Globalization;
using Microsoft.AspNetCore.Http;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;

namespace Parley.Functions.Api.Flextell;

/// <summary>Conversations, in the format of Flextell. It describes no change of them: that has Parley's.</summary>
/// <param name="parley">Parley's handlers.</param>
/// <param name="reader">Reads single conversations.</param>
/// <param name="creation">Creates conversations.</param>
/// <param name="list">Lists conversations by page number.</param>
/// <param name="senders">Reads the conversations' contacts.</param>
/// <param name="previews">Reads the conversations' last messages.</param>
/// <param name="time">The clock.</param>
public sealed class ConversationHandlers(
    IConversationHandlers parley,
    ConversationReader reader,
    ConversationCreation creation,
    NumberedConversations list,
    SenderReader senders,
    MessagePreviews previews,
    TimeProvider time) : IConversationHandlers
{
    private const int MaxBody = 16 * 1024;

    /// <summary>The maximum length of texts that the reference names.</summary>
    private const int MaxText = 255;

    public async Task<IResult> CreateAsync(Call call)
    {
        var fields = await RequestBody.ReadFieldsAsync(call.Request, MaxBody);
        var channel = ReadChannel(fields);
        var draft = new NewConversation(
            Title: null,
            channel,
            WebChat: null,
            fields.RequiredVisibleText("address", MaxText),
            fields.Text("first_name", 0, MaxText),
            fields.Text("last_name", 0, MaxText),
            Metadata: null);
        var key = RequestHeaders.ReadIdempotencyKey(
            call.Request, fields, channel, draft.Address, draft.FirstName, draft.LastName);
        fields.ThrowIfInvalid();

        var (conversation, replayed) = await creation.CreateAsync(call.Caller.Tenant, draft, key, call.Cancellation);
        var location = $"{PublicUrl.Of(call.Request)}/{conversation.Key.Number.ToString(CultureInfo.InvariantCulture)}";
        return await RespondAsync(call, conversation, StatusCodes.Status201Created, replayed, location);
    }

    public async Task<IResult> ListAsync(Call call)
    {
        var query = new QueryFields(call.Request.Query);
        var page = query.Number("page", 1, 1, int.MaxValue);
        var perPage = query.Number("per_page", PerPage.Default, 1, PerPage.Max);

        // The reference allows null for these, which a query writes as an empty value.
        var search = query.TextOrNull("search", MaxText);
        var type = query.ChoiceOrNull(
            "channel_type", "whatsapp", "instagram", ChannelResource.Website, "telegram");
        query.ThrowIfInvalid();

        var filter = new ConversationSearch(search, type is null ? null : ChannelResource.StoredTypeOf(type));
        var found = await list.ReadAsync(call.Caller.Tenant, filter, page, perPage, call.Cancellation);
        var data = await ShapeAsync(call, found.Conversations);
        return new JsonResult<Paginator<ConversationResource>>(
            Paginator.Create(data, page, perPage, found.Total, call.Request),
            FlextellJson.Default.PaginatorConversationResource);
    }

    public async Task<IResult> GetAsync(Call call, string id)
    {
        var conversation = await reader.GetAsync(call.Conversation(id), call.Cancellation);
        return await RespondAsync(call, conversation, StatusCodes.Status200OK);
    }

    public Task<IResult> UpdateAsync(Call call, string id) => parley.UpdateAsync(call, id);

    /// <summary>The id of a channel is its name, so that clients keep the ids that they have.</summary>
    private static string? ReadChannel(Fields fields)
    {
        var id = fields.Id("channel_id");
        if (fields.IsAbsent("channel_id"))
        {
            fields.Fail("channel_id", "Is required.");
        }
        else if (id is not null
            && (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number > ChannelResource.MaxOwnId))
        {
            fields.Fail("channel_id", $"Must be a whole number from 1 to {ChannelResource.MaxOwnId}.");
        }

        return id;
    }

    private async Task<IResult> RespondAsync(
        Call call, Conversation conversation, int status, bool replayed = false, string? location = null)
    {
        var shaped = await ShapeAsync(call, [conversation]);
        return new JsonResult<DataResponse<ConversationResource>>(
            new DataResponse<ConversationResource>("true", shaped[0]),
            FlextellJson.Default.DataResponseConversationResource,
            status)
        {
            Revision = conversation.Revision,
            Replayed = replayed,
            Location = location,
        };
    }

    private async Task<IReadOnlyList<ConversationResource>> ShapeAsync(
        Call call, IReadOnlyList<Conversation> conversations)
    {
        var contacts = conversations.Select(conversation => conversation.Contact?.Number).OfType<int>();
        var customers = senders.FindAllAsync(call.Caller.Tenant, contacts, call.Cancellation);
        var last = await previews.ReadAsync(conversations, before: 0, call.Cancellation);
        var known = await customers;
        var now = time.GetUtcNow();
        return
        [
            .. conversations.Select(conversation => ConversationResource.Of(
                conversation,
                conversation.Contact is { } contact ? known.GetValueOrDefault(contact.Number) : null,
                last.GetValueOrDefault(conversation.Key.Number),
                now)),
        ];
    }
}
