using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>What a message to be written refers to in its conversation.</summary>
/// <param name="Quoted">The number of the quoted message; null when it quotes none, or one that is not there.</param>
/// <param name="Thread">The thread; null when it is in none, or in one that is not there.</param>
/// <param name="Attachments">What comes with it, files of earlier messages among them.</param>
/// <param name="Missing">The request's fields that name nothing.</param>
public sealed record MessageReferences(int? Quoted, EntityId? Thread, IReadOnlyList<Attachment> Attachments, IReadOnlyList<string> Missing)
{
    /// <summary>Of a message that refers to nothing.</summary>
    public static MessageReferences None { get; } = new(null, null, [], []);
}

/// <summary>Looks up what messages refer to: a call for a quote by UUID, one for a thread, one for each attachment that has an id.</summary>
public sealed class MessageReferenceFinder(ParleyTables tables, ThreadReader threads)
{
    /// <summary>The references of one message to be written.</summary>
    public async Task<MessageReferences> FindAsync(Conversation head, NewMessage draft, CancellationToken cancellation)
    {
        var quoted = draft.Quoted is null ? null : await FindQuotedAsync(head, draft.Quoted, cancellation);
        var thread = draft.Thread is null ? null : await threads.FindAsync(head.Key, draft.Thread, cancellation);
        var attachments = await Task.WhenAll(draft.Attachments.Select(attachment => ResolveAsync(head.Key, attachment, cancellation)));
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

        return new MessageReferences(quoted, thread?.EntityId, attachments, missing);
    }

    private async Task<int?> FindQuotedAsync(Conversation head, string quotedId, CancellationToken cancellation)
    {
        if (!MessageKey.TryParseIn(head.Key, quotedId, out var id) || id.Key.Sequence < head.First || id.Key.Sequence > head.Last)
        {
            return null;
        }

        // Numbers are dense, so an integer id in range exists; a UUID has a check to compare.
        var exists = id.Check is null || await MessageRow.FindAsync(tables, id.Key, cancellation) is { } row && id.Matches(row.Check);
        return exists ? id.Key.Sequence : null;
    }

    /// <summary>An attachment whose id is that of a message with a file in this conversation is that file; any other stays as it is.</summary>
    private async Task<Attachment> ResolveAsync(ConversationKey conversation, Attachment attachment, CancellationToken cancellation) =>
        attachment.Id is not null
        && await MessageRow.FindAsync(tables, conversation, attachment.Id, cancellation) is { } message
        && message.Attachments.FirstOrDefault(one => one.File is not null) is { } file
            ? file with { Id = file.Id ?? $"{message.Id}" }
            : attachment;
}
