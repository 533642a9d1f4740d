using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Records;

/// <summary>Scores records: one transaction each, also while their turns are running.</summary>
public sealed class RecordScores(ParleyTables tables, CompletionStore store, OptimisticUpdate edits)
{
    /// <summary>Changes the scores of a record.</summary>
    /// <param name="chatbot">Whose record it must be.</param>
    /// <param name="id">The record, as a client names it.</param>
    /// <param name="change">Makes the scores what they are to be.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the edit.</param>
    /// <returns>The turn with its scores.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.RecordNotFound"/>: also for a malformed id, another chatbot's and another tenant's. <see cref="ErrorCode.StaleRevision"/>,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public Task<Completion> ChangeAsync(Chatbot chatbot, string id, Func<CompletionScores, CompletionScores> change, Func<int, bool>? expected, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Completion, chatbot.Key.Tenant, out var entity)
            ? edits.WriteAsync(
                tables.Conversations,
                entity.Conversation.PartitionKey,
                async token => await store.FindAsync(chatbot.Key.Tenant, id, token) is { } completion && completion.Chatbot == chatbot.Id ? completion : throw NotFound(),
                completion => new RowVersion(completion.Revision, completion.EditId, completion.ETag),
                (completion, editId, _) =>
                {
                    Revisions.Require(expected, completion.Revision, "record");
                    var scores = change(completion.Scores);
                    if (scores == completion.Scores)
                    {
                        return Task.FromResult(new Edit<Completion>(completion, []));
                    }

                    var changed = completion with { Scores = scores, Revision = completion.Revision + 1, EditId = editId };

                    // Replace, not merge, so that a score that is cleared has no property any more. It takes nothing from whoever speaks meanwhile: under the
                    // ETag the row is the very one that was read, and theirs are merges, which take nothing from this.
                    return Task.FromResult(new Edit<Completion>(changed, [new(TableTransactionActionType.UpdateReplace, CompletionRow.Create(changed), completion.ETag)]));
                },
                cancellation)
            : throw NotFound();

    private static ParleyException NotFound() => ErrorCode.RecordNotFound.With("There is no such record of this chatbot.");
}
