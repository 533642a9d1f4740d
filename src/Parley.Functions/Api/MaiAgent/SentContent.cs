using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Senders;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The content of a message in requests of MaiAgent, common to several routes.</summary>
/// <param name="Content">The text.</param>
/// <param name="ContentPayload">JSON text of an object for the assistant.</param>
/// <param name="QueryMetadata">JSON text of an object for the assistant.</param>
/// <param name="Sender">The id of the sender, as it was sent.</param>
/// <param name="Attachments">Links, and files of earlier messages.</param>
/// <param name="Path">The prefix of field names in errors: empty, or a path that ends in a dot.</param>
/// <param name="Role">Whose message it is: the customer's or the assistant's.</param>
internal sealed record SentContent(
    string Content,
    string? ContentPayload,
    string? QueryMetadata,
    string? Sender,
    IReadOnlyList<Attachment> Attachments,
    string Path,
    MessageRole Role)
{
    /// <summary>Content, payloads and attachments of maximum length fit even if every character is escaped.</summary>
    public const int MaxBody = 1536 * 1024;

    /// <summary>In UTF-16 code units: the limit of a message's row.</summary>
    private const int MaxContent = 100_000;

    private static readonly string[] Types = ["image", "video", "audio", "sticker", "other"];

    /// <summary>The fields in a fixed order, for the hash of an idempotency key.</summary>
    public IEnumerable<string?> Values =>
    [
        Content,
        ContentPayload,
        QueryMetadata,
        Sender,
        .. Attachments.SelectMany(one => new[] { one.Id, one.Type, one.Name, one.Url }),
        .. Role == MessageRole.Customer ? Array.Empty<string>() : [$"{Role}"],
    ];

    public static SentContent Read(Fields fields, string path, MessageRole role)
    {
        var attachments = ReadAttachments(fields);
        return new SentContent(
            fields.Rules.TakesBareAttachments && attachments.Count > 0
                ? fields.Text("content", 0, MaxContent, TextUnit.Utf16) ?? ""
                : fields.RequiredText("content", 1, MaxContent, TextUnit.Utf16),
            fields.Object("contentPayload", Limits.Json),
            fields.Object("queryMetadata", Limits.Json),
            fields.Id("sender"),
            attachments,
            path,
            role);
    }

    /// <summary>Reads <c>type</c>, where the rules of the request have it; otherwise it is the customer's.</summary>
    public static MessageRole ReadRole(Fields fields) =>
        fields.Rules.TakesMessageTypes && fields.Choice("type", "incoming", "outgoing") == "outgoing"
            ? MessageRole.Assistant
            : MessageRole.Customer;

    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> for an unknown sender.</exception>
    public async Task<NewMessage> DraftAsync(SenderReader senders, Call call)
    {
        var sender = await senders.GetReferencedAsync(call.Caller.Tenant, Sender, $"{Path}sender", call.Cancellation);
        return new NewMessage(Role, Content, null, sender?.Name, null)
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
        var isBare = fields.Rules.TakesBareAttachments;
        var attachments = new List<Attachment>();
        foreach (var item in fields.Objects("attachments", Attachment.MaxCount, takesIds: isBare))
        {
            // An id may be that of a stored file, which has a name and a URL already.
            var isId = isBare && !item.IsAbsent("id") && item.IsAbsent("file");
            attachments.Add(new Attachment(
                item.OwnId("id", Limits.Line),
                isBare ? ReadAnyType(item) : item.RequiredChoice("type", Types),
                isId ? item.Text("filename", 1, Attachment.MaxName) ?? ""
                    : item.RequiredText("filename", 1, Attachment.MaxName),
                item.Url("file", Attachment.MaxUrl),
                File: null));
        }

        return attachments;
    }

    /// <summary>Reads a type; further words that clients send for files, and none, are <c>other</c>.</summary>
    private static string ReadAnyType(Fields item) =>
        item.Choice("type", [.. Types, "document", "file", "text"]) is { } type && Types.Contains(type)
            ? type
            : "other";
}
