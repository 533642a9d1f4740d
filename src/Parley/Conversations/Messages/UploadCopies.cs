using Parley.Core;
using Parley.Files;

namespace Parley.Conversations.Messages;

/// <summary>
/// Gives a new message copies of the uploads that its attachments name by their ids. They are made before the message,
/// as the files uploaded with one are; the clean-up deletes those of a message that is never stored.
/// </summary>
public sealed class UploadCopies(Uploads uploads)
{
    /// <summary>
    /// Returns the draft with stored files in place of uploads. An upload that does not exist, or no longer, becomes an
    /// attachment without file and link, which <see cref="MessageReferenceFinder"/> reports.
    /// </summary>
    public async Task<NewMessage> CopyAsync(
        ConversationKey conversation, NewMessage draft, CancellationToken cancellation) =>
        draft.Attachments.Any(attachment => IsUpload(attachment, conversation.Tenant))
            ? draft with
            {
                Attachments = await Task.WhenAll(
                    draft.Attachments.Select(attachment => CopyAsync(conversation, attachment, cancellation))),
            }
            : draft;

    private async Task<Attachment> CopyAsync(
        ConversationKey conversation, Attachment attachment, CancellationToken cancellation)
    {
        if (!IsUpload(attachment, conversation.Tenant))
        {
            return attachment;
        }

        var upload = await uploads.FindAsync(conversation.Tenant, attachment.Id!, cancellation);
        return upload is not null && await uploads.CopyAsync(upload, conversation, cancellation) is { } file
            ? new Attachment(Id: null, file.Type, file.Name, Url: null, file) { UploadId = upload.Id.ToGuid() }
            : attachment with { Url = null };
    }

    /// <summary>True for an attachment that names an upload, whether or not that exists.</summary>
    public static bool IsUpload(Attachment attachment, TenantId tenant) =>
        attachment.Id is { } id && EntityId.TryParse(id, EntityKind.Upload, tenant, out _);
}
