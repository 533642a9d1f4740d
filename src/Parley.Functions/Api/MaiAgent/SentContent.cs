using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Senders;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The content of a customer's message in requests of MaiAgent, common to several routes.</summary>
/// <param name="Content">The text.</param>
/// <param name="ContentPayload">JSON text of an object for the assistant.</param>
/// <param name="QueryMetadata">JSON text of an object for the assistant.</param>
/// <param name="Sender">The id of the sender, as it was sent.</param>
/// <param name="Attachments">Links, and files of earlier messages.</param>
/// <param name="Path">The prefix of field names in errors: empty, or a path that ends in a dot.</param>
internal sealed record SentContent(
    string Content,
    string? ContentPayload,
    string? QueryMetadata,
    string? Sender,
    IReadOnlyList<Attachment> Attachments,
    string Path)
{
    /// <summary>Content, payloads and attachments of maximum length fit even if every character is escaped.</summary>
    public const int MaxBody = 1536 * 1024;

    /// <summary>In UTF-16 code units: the limit of a message's row.</summary>
    private const int MaxContent = 100_000;

    /// <summary>The fields in a fixed order, for the hash of an idempotency key.</summary>
    public IEnumerable<string?> Values =>
    [
        Content,
        ContentPayload,
        QueryMetadata,
        Sender,
        .. Attachments.SelectMany(one => new[] { one.Id, one.Type, one.Name, one.Url }),
    ];

    public static SentContent Read(Fields fields, string path) => new(
        fields.RequiredText("content", 1, MaxContent, TextUnit.Utf16),
        fields.Object("contentPayload", Limits.Json),
        fields.Object("queryMetadata", Limits.Json),
        fields.Id("sender"),
        ReadAttachments(fields),
        path);

    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> for an unknown sender.</exception>
    public async Task<NewMessage> DraftAsync(SenderReader senders, Call call)
    {
        var sender = await senders.GetReferencedAsync(call.Caller.Tenant, Sender, $"{Path}sender", call.Cancellation);
        return new NewMessage(MessageRole.Customer, Content, null, sender?.Name, null)
        {
            Sender = sender,
            ContentPayload = ContentPayload,
            QueryMetadata = QueryMetadata,
            Attachments = Attachments,
            Path = Path,
        };
    }

    private static List<Attachment> ReadAttachments(Fields fields)
    {
        var attachments = new List<Attachment>();
        foreach (var item in fields.Objects("attachments", Attachment.MaxCount))
        {
            attachments.Add(new Attachment(
                item.OwnId("id", Limits.Line),
                item.RequiredChoice("type", "image", "video", "audio", "sticker", "other"),
                item.RequiredText("filename", 1, Attachment.MaxName),
                item.Url("file", Attachment.MaxUrl),
                File: null));
        }

        return attachments;
    }
}
