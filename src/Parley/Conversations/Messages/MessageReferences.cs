using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>The rows of the conversation that a new message refers to.</summary>
/// <param name="Quoted">The number of the quoted message; null for none, or for one that does not exist.</param>
/// <param name="Thread">The thread; null for none, or for one that does not exist.</param>
/// <param name="Attachments">The attachments, including files of earlier messages.</param>
/// <param name="Missing">The request's fields whose ids do not exist.</param>
public sealed record MessageReferences(
    int? Quoted,
    ChatThread? Thread,
    IReadOnlyList<Attachment> Attachments,
    IReadOnlyList<string> Missing)
{
    public static MessageReferences None { get; } = new(null, null, [], []);
}

/// <summary>
/// Looks up the references of new messages: one call for a quote by UUID, one for a thread, and one for each attachment
/// with an id.
/// </summary>
public sealed class MessageReferenceFinder(ParleyTables tables, ThreadReader threads)
{
    public async Task<MessageReferences> FindAsync(Conversation head, NewMessage draft, CancellationToken cancellation)
    {
        var quoted = draft.Quoted is null ? null : await FindQuotedAsync(head, draft.Quoted, cancellation);
        var thread = draft.Thread is null ? null : await threads.FindAsync(head.Key, draft.Thread, cancellation);
        var attachments = await Task.WhenAll(
            draft.Attachments.Select(attachment => ResolveAsync(head.Key, attachment, cancellation)));
        var missing = new List<string>();
        if (draft.Quoted is not null && quoted is null)
        {
            missing.Add("quoted_message_id");
        }

        if (draft.Thread is not null && thread is null)
        {
            missing.Add("chatThreadId");
        }

        for (var i = 0; i < attachments.Length; i++)
        {
            if (attachments[i] is { Url: null, File: null })
            {
                missing.Add($"{draft.Path}attachments.{i}.file");
            }
        }

        return new MessageReferences(quoted, thread, attachments, missing);
    }

    private async Task<int?> FindQuotedAsync(Conversation head, string quotedId, CancellationToken cancellation)
    {
        if (!MessageKey.TryParseIn(head.Key, quotedId, out var id)
            || id.Key.Sequence < head.First
            || id.Key.Sequence > head.Last)
        {
            return null;
        }

        // Numbers have no gaps, so a number within the range exists. A UUID contains a check, which is compared.
        var exists = id.Check is null
            || await MessageRow.FindAsync(tables, id.Key, cancellation) is { } row && id.Matches(row.Check);
        return exists ? id.Key.Sequence : null;
    }

    /// <summary>
    /// Replaces an attachment by a stored file if its id is that of a message of this conversation with a file.
    /// </summary>
    private async Task<Attachment> ResolveAsync(
        ConversationKey conversation,
        Attachment attachment,
        CancellationToken cancellation) =>
        attachment is { Id: not null, File: null }
        && await MessageRow.FindAsync(tables, conversation, attachment.Id, cancellation) is { } message
        && message.Attachments.FirstOrDefault(one => one.File is not null) is { } file
            ? file with { Id = file.Id ?? $"{message.Id}" }
            : attachment;
}
