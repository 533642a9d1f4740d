using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Records;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// The rows that find turns: <c>t|…</c> in Due, for the timer, and <c>r|…</c> in the chatbot's list of records. Written before the turn; the key of the
/// former has the attempt. Of tries that lost, the timer and the list drop what they left.
/// </summary>
public sealed partial class CompletionIndex(ParleyTables tables, ILogger<CompletionIndex> logger)
{
    /// <summary>Before a turn is inserted.</summary>
    internal Task WriteAsync(Completion completion, CancellationToken cancellation) => Task.WhenAll(
        WriteScheduleAsync(completion, cancellation), tables.Tenants.UpsertEntityAsync(RecordRow(completion), TableUpdateMode.Replace, cancellation));

    /// <summary>Before it is begun (again).</summary>
    internal Task WriteScheduleAsync(Completion completion, CancellationToken cancellation) =>
        tables.Schedule.UpsertEntityAsync(ScheduleRow(completion), TableUpdateMode.Replace, cancellation);

    /// <summary>After it has ended, or is due at another time. If this fails, the timer drops it.</summary>
    internal async Task DropScheduleAsync(Completion completion)
    {
        try
        {
            await tables.Schedule.DropAsync(ScheduleRowKeys.SchedulePartition(completion.DueAt), ScheduleRow(completion).RowKey, ETag.All, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowLeft(logger, completion.Id, e.Message);
        }
    }

    /// <summary>The row of a turn in its chatbot's list.</summary>
    internal static TableEntity RecordRow(Completion completion)
    {
        var chatbot = EntityId.TryFromGuid(completion.Chatbot, EntityKind.Chatbot, out var id)
            ? new ChatbotKey(id.Conversation.Tenant, id.Conversation.Number)
            : throw new InvalidOperationException($"{completion.Chatbot} is no chatbot's id.");
        return new TableEntity(
            ChatbotRowKeys.ChatbotPartition(chatbot), RecordRowKeys.Record(completion.CreatedAt.ToUnixTimeMilliseconds(), completion.Key.Conversation.Number, completion.Key.Sequence));
    }

    internal static TableEntity ScheduleRow(Completion completion) => new(ScheduleRowKeys.SchedulePartition(completion.DueAt), CompletionRowKeys.ScheduledCompletion(completion.Key, completion.Attempt));

    [LoggerMessage(1401, LogLevel.Debug, "The schedule row of completion {Completion} was left behind; the timer drops it: {Why}")]
    private static partial void LogRowLeft(ILogger logger, Guid completion, string why);
}
