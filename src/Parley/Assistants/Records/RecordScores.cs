using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Assistants.Records;

/// <summary>Writes the scores of records, each in one transaction, also while the completion is running.</summary>
public sealed class RecordScores(
    CompletionStore store, ConversationReader conversations, ConversationTransaction transaction)
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
    public async Task<Completion> ChangeAsync(
        Chatbot chatbot,
        string id,
        Func<CompletionScores, CompletionScores> change,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        if (!EntityId.TryParse(id, EntityKind.Completion, chatbot.Key.Tenant, out var entity))
        {
            throw NotFound();
        }

        return await transaction.EditAsync(
            entity.Conversation,
            async token => (Record: await ReadAsync(chatbot, id, token), Head: await HeadAsync(entity, token)),
            state => new RowVersion(state.Record.Revision, state.Record.EditId, state.Record.ETag),
            (state, plan, _) =>
            {
                var (completion, head) = state;
                Revisions.Require(expected, completion.Revision, "record");
                var scores = change(completion.Scores);
                if (scores == completion.Scores)
                {
                    return Task.FromResult(completion);
                }

                var changed = completion with
                {
                    Scores = scores,
                    Revision = completion.Revision + 1,
                    EditId = plan.WriteId,
                };
                plan.SetHead(
                    head,
                    head,
                    next => new(TableTransactionActionType.UpdateMerge, ConversationRow.Logged(next), head.ETag));

                // Replace, not merge: a cleared score must lose its property in the row. A completion producer that
                // writes at the same time loses nothing: the ETag ensures that the row is still the one that was
                // read, and the producer's own writes are merges, which keep the scores.
                plan.Add(new TableTransactionAction(
                    TableTransactionActionType.UpdateReplace, CompletionRow.Create(changed), completion.ETag));
                plan.Log(ChangeType.CompletionUpdated, changed.Id, changed.Revision);
                return Task.FromResult(changed);
            },
            cancellation);
    }

    private async Task<Completion> ReadAsync(Chatbot chatbot, string id, CancellationToken cancellation) =>
        await store.FindAsync(chatbot.Key.Tenant, id, cancellation) is { } completion
        && completion.Chatbot == chatbot.Id
            ? completion
            : throw NotFound();

    private async Task<Conversation> HeadAsync(EntityId id, CancellationToken cancellation) =>
        await conversations.FindAsync(id.Conversation, cancellation) ?? throw NotFound();

    private static ParleyException NotFound() =>
        ErrorCode.RecordNotFound.With("There is no such record of this chatbot.");
}
