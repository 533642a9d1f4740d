using Azure.Data.Tables;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>Scores records: one transaction each, also while their turns are running.</summary>
public sealed class RecordScores(ParleyTables tables, TurnReader reader, Edits edits)
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
    public Task<Turn> ChangeAsync(Chatbot chatbot, string id, Func<TurnScores, TurnScores> change, Func<int, bool>? expected, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Turn, chatbot.Key.Tenant, out var entity)
            ? edits.WriteAsync(
                tables.Conversations,
                entity.Conversation.PartitionKey,
                async token => await reader.FindAsync(chatbot.Key.Tenant, id, token) is { } turn && turn.Chatbot == chatbot.Id ? turn : throw NotFound(),
                turn => new EditMark(turn.Revision, turn.EditId, turn.ETag),
                (turn, editId, _) =>
                {
                    Revisions.Require(expected, turn.Revision, "record");
                    var scores = change(turn.Scores);
                    if (scores == turn.Scores)
                    {
                        return Task.FromResult(new Edit<Turn>(turn, []));
                    }

                    var changed = turn with { Scores = scores, Revision = turn.Revision + 1, EditId = editId };

                    // Replace, not merge, so that a score that is cleared has no property any more. It takes nothing from whoever speaks meanwhile: under the
                    // ETag the row is the very one that was read, and theirs are merges, which take nothing from this.
                    return Task.FromResult(new Edit<Turn>(changed, [new(TableTransactionActionType.UpdateReplace, TurnRow.Create(changed), turn.ETag)]));
                },
                cancellation)
            : throw NotFound();

    private static ParleyException NotFound() => ErrorCode.RecordNotFound.With("There is no such record of this chatbot.");
}
