using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>
/// Messages that bring a file. The blob is there before its message, and before it a row in Due: if the message never comes, or a
/// retry finds that the first request has brought it, the sweep removes the blob.
/// </summary>
public sealed class MediaMessages(ParleyTables tables, ConversationReader conversations, MessageAppend append, FileStore files, TimeProvider time)
{
    /// <summary>Commits the file and appends its message.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="draft">The message, but for the file.</param>
    /// <param name="uploaded">The file, uploaded for this conversation.</param>
    /// <param name="key">The client's idempotency key, or null.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="ParleyException">As for <see cref="MessageAppend.AppendAsync"/>.</exception>
    public async Task<Appended> AppendAsync(
        EntityRef<ConversationKey> id, NewMessage draft, UploadedFile uploaded, IdempotencyKey? key, CancellationToken cancellation)
    {
        // An unknown conversation is refused before anything of it is stored.
        var head = await conversations.GetAsync(id, cancellation);
        await FileRows.WriteScheduleAsync(tables, head.Key, uploaded.File.Id, time.GetUtcNow(), cancellation);
        await files.CommitAsync(head.Key, uploaded, cancellation);
        return await append.AppendAsync(id, draft with { File = uploaded.File }, key, cancellation);
    }
}
