using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>
/// Appends messages with a file. The schedule row is written before the blob, and the blob before the message: if the
/// message is never stored, or a retry finds that the first request has stored it, the clean-up deletes the blob.
/// </summary>
public sealed class MediaMessages(
    Schedule schedule,
    MessageAppend append,
    FileStore files,
    TimeProvider time)
{
    /// <summary>
    /// Commits the file and appends its message. The caller has read the conversation before the file was uploaded.
    /// </summary>
    /// <param name="draft">The message without the file.</param>
    /// <param name="uploaded">The file, uploaded for this conversation.</param>
    /// <param name="key">The client's idempotency key, or null.</param>
    /// <exception cref="ParleyException">As for <see cref="MessageAppend.AppendAsync"/>.</exception>
    public async Task<Appended> AppendAsync(
        EntityRef<ConversationKey> id,
        NewMessage draft,
        UploadedFile uploaded,
        IdempotencyKey? key,
        CancellationToken cancellation)
    {
        await FileRows.WriteScheduleAsync(
            schedule, id.Key, uploaded.File.Id, revision: 0, time.GetUtcNow() + FileRows.CheckAfter, cancellation);
        await files.CommitAsync(id.Key, uploaded, cancellation);
        return await append.AppendAsync(id, draft with { File = uploaded.File }, key, cancellation);
    }
}
