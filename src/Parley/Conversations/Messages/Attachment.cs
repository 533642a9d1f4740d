using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using Parley.Files;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>
/// An attachment of a message: a stored file, or a link to another server, which is passed on and never fetched.
/// </summary>
/// <param name="Id">
/// The client's own id. For a file of an earlier message of the conversation, that message's UUID. Null for a file that
/// was uploaded with this message or for it.
/// </param>
/// <param name="Type">image, video, audio, document, sticker or other.</param>
/// <param name="Url">The link; null for a stored file.</param>
/// <param name="File">The stored file; null for a link.</param>
public sealed record Attachment(string? Id, string Type, string Name, string? Url, StoredFile? File)
{
    /// <summary>
    /// The most attachments of a message: with the longest names and links they still fit one property.
    /// </summary>
    public const int MaxCount = 10;

    /// <summary>Characters.</summary>
    public const int MaxName = 250;

    /// <summary>The id under which the file was uploaded before its message; null for any other attachment.</summary>
    public Guid? UploadId { get; init; }

    /// <summary>Characters: the length that browsers and proxies commonly accept.</summary>
    public const int MaxUrl = 2048;

    /// <summary>Creates the attachment for a file that was uploaded with this message.</summary>
    public static Attachment Of(StoredFile file) => new(null, file.Type, file.Name, null, file);
}

/// <summary>The property of a message's row that holds its attachments.</summary>
internal static class AttachmentsProperty
{
    private const string Name = "Attachments";

    public static void Write(TableEntity row, IReadOnlyList<Attachment> attachments)
    {
        if (attachments.Count > 0)
        {
            LongText.Write(
                row, Name, JsonSerializer.Serialize(attachments, AttachmentJson.Default.IReadOnlyListAttachment));
        }
    }

    public static IReadOnlyList<Attachment> Read(TableEntity row) =>
        LongText.Read(row, Name) is { } json
            ? JsonSerializer.Deserialize(json, AttachmentJson.Default.IReadOnlyListAttachment)!
            : [];
}

/// <summary>The stored form of attachments: members may be added, but not renamed.</summary>
[JsonSerializable(typeof(IReadOnlyList<Attachment>))]
internal sealed partial class AttachmentJson : JsonSerializerContext;
