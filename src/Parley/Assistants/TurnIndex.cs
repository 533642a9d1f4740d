using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>
/// The rows that find turns: <c>t|…</c> in Due, for the timer, and <c>r|…</c> in the chatbot's list of records. Written before the turn; the key of the
/// former has the attempt. Of tries that lost, the timer and the list drop what they left.
/// </summary>
public sealed partial class TurnIndex(ParleyTables tables, ILogger<TurnIndex> logger)
{
    /// <summary>Before a turn is inserted.</summary>
    internal Task WriteAsync(Turn turn, CancellationToken cancellation) => Task.WhenAll(
        WriteDueAsync(turn, cancellation), tables.Tenants.UpsertEntityAsync(RecordRow(turn), TableUpdateMode.Replace, cancellation));

    /// <summary>Before it is begun (again).</summary>
    internal Task WriteDueAsync(Turn turn, CancellationToken cancellation) =>
        tables.Due.UpsertEntityAsync(DueRow(turn), TableUpdateMode.Replace, cancellation);

    /// <summary>After it has ended, or is due at another time. If this fails, the timer drops it.</summary>
    internal async Task DropDueAsync(Turn turn)
    {
        try
        {
            await tables.Due.DropAsync(RowKeys.DuePartition(turn.DueAt), DueRow(turn).RowKey, ETag.All, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowLeft(logger, turn.Id, e.Message);
        }
    }

    /// <summary>The row of a turn in its chatbot's list.</summary>
    internal static TableEntity RecordRow(Turn turn)
    {
        var chatbot = EntityId.TryFromGuid(turn.Chatbot, EntityKind.Chatbot, out var id)
            ? new ChatbotKey(id.Conversation.Tenant, id.Conversation.Number)
            : throw new InvalidOperationException($"{turn.Chatbot} is no chatbot's id.");
        return new TableEntity(
            RowKeys.ChatbotPartition(chatbot), RowKeys.Record(turn.CreatedAt.ToUnixTimeMilliseconds(), turn.Key.Conversation.Number, turn.Key.Sequence));
    }

    internal static TableEntity DueRow(Turn turn) => new(RowKeys.DuePartition(turn.DueAt), RowKeys.DueTurn(turn.Key, turn.Attempt));

    [LoggerMessage(1401, LogLevel.Debug, "The row of turn {Turn} in Due was left behind; the timer drops it: {Why}")]
    private static partial void LogRowLeft(ILogger logger, Guid turn, string why);
}
