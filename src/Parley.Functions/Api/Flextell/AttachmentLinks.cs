using Parley.Conversations.Messages;
using Parley.Files;

namespace Parley.Functions.Api.Flextell;

/// <summary>Links to what comes with messages.</summary>
internal static class AttachmentLinks
{
    /// <summary>What makes links for these messages; null when none of them has a stored file, so that nothing is signed for them.</summary>
    public static async ValueTask<FileLinks?> LinksAsync(this FileStore files, IEnumerable<Message> messages, CancellationToken cancellation) =>
        messages.Any(message => message.Attachments.Any(attachment => attachment.File is not null)) ? await files.LinksAsync(cancellation) : null;

    /// <summary>The link to one attachment: read-only and short-lived for a stored file, the client's own otherwise.</summary>
    public static string? Of(Message message, Attachment attachment, FileLinks? links) =>
        attachment.File is { } file ? links!.Of(message.Key.Conversation, file).AbsoluteUri : attachment.Url;
}
