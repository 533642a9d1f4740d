using Parley.Conversations.Messages;
using Parley.Files;

namespace Parley.Functions.Api.Responses;

/// <summary>Creates links to attachments.</summary>
internal static class AttachmentLinks
{
    /// <summary>
    /// Prepares the signing of links; null when none of the messages has a stored file, because then it is not needed.
    /// </summary>
    public static async ValueTask<FileLinks?> LinksAsync(
        this FileStore files,
        IEnumerable<Message> messages,
        CancellationToken cancellation) =>
        messages.Any(message => message.Attachments.Any(attachment => attachment.File is not null))
            ? await files.LinksAsync(cancellation)
            : null;

    /// <summary>A read-only, short-lived link to a stored file, or the URL that the client sent.</summary>
    public static string? Of(Message message, Attachment attachment, FileLinks? links) =>
        attachment.File is { } file ? links!.Of(message.Key.Conversation, file).AbsoluteUri : attachment.Url;
}
