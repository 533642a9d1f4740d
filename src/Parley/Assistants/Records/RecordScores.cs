using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Records;

/// <summary>Writes the scores of records, each in one transaction, also while the completion is running.</summary>
public sealed class RecordScores(ParleyTables tables, CompletionStore store, OptimisticUpdate edits)
{
    /// <summary>Changes the scores of a record.</summary>
    /// <param name="chatbot">The chatbot of the record.</param>
    /// <param name="id">The record's id as the client sent it.</param>
    /// <param name="change">Returns the changed scores. Equal scores are not written.</param>
    /// <param name="expected">Tests the revision against the client's If-Match; null accepts every revision.</param>
    /// <returns>The completion with its new scores.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.RecordNotFound"/>: also for a malformed id, and for a record of another chatbot or tenant.
    /// <see cref="ErrorCode.StaleRevision"/>, <see cref="ErrorCode.Busy"/>, or
    /// <see cref="ErrorCode.StorageUnavailable"/> (the scores may have been stored).
    /// </exception>
    public Task<Completion> ChangeAsync(
        Chatbot chatbot,
        string id,
        Func<CompletionScores, CompletionScores> change,
        Func<int, bool>? expected,
        CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Completion, chatbot.Key.Tenant, out var entity)
            ? edits.WriteAsync(
                tables.Conversations,
                $"{entity.Conversation.PartitionKey}|{CompletionRowKeys.Completion(entity.Sequence)}",
                async token =>
                    await store.FindAsync(chatbot.Key.Tenant, id, token) is { } completion
                    && completion.Chatbot == chatbot.Id
                        ? completion
                        : throw NotFound(),
                completion => new RowVersion(completion.Revision, completion.EditId, completion.ETag),
                (completion, editId, _) =>
                {
                    Revisions.Require(expected, completion.Revision, "record");
                    var scores = change(completion.Scores);
                    if (scores == completion.Scores)
                    {
                        return Task.FromResult(new Edit<Completion>(completion, []));
                    }

                    var changed = completion with
                    {
                        Scores = scores,
                        Revision = completion.Revision + 1,
                        EditId = editId,
                    };

                    // Replace, not merge: a cleared score must lose its property in the row. A completion producer that
                    // writes at the same time loses nothing: the ETag ensures that the row is still the one that was
                    // read, and the producer's own writes are merges, which keep the scores.
                    var row = CompletionRow.Create(changed);
                    return Task.FromResult(new Edit<Completion>(
                        changed, [new(TableTransactionActionType.UpdateReplace, row, completion.ETag)]));
                },
                cancellation)
            : throw NotFound();

    private static ParleyException NotFound() =>
        ErrorCode.RecordNotFound.With("There is no such record of this chatbot.");
}
