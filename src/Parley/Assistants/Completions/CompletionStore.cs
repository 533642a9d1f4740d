using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Chatbots;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Reads single completions, and writes their index rows: <c>t|…</c> in the schedule, for the timer, and <c>r|…</c> in
/// the chatbot's list of records.
/// </summary>
/// <remarks>
/// Index rows are written before the completion. The key of the schedule row contains the attempt. If a write of the
/// completion loses a race, its index rows stay; the timer and the list delete them.
/// </remarks>
public sealed partial class CompletionStore(
    ParleyTables tables, Schedule schedule, ILogger<CompletionStore> logger)
{
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.CompletionNotFound"/>, also for a malformed id and for another tenant's.
    /// </exception>
    public async Task<Completion> GetAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        await FindAsync(tenant, id, cancellation)
        ?? throw ErrorCode.CompletionNotFound.With("There is no such completion.");

    internal async Task<Completion?> FindAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Completion, tenant, out var entity)
        && await FindAsync(new MessageKey(entity.Conversation, entity.Sequence), cancellation) is { } completion
        && completion.Check == entity.Check
            ? completion
            : null;

    /// <param name="key">The key of the customer's message.</param>
    /// <param name="cancellation">Cancels the call.</param>
    /// <param name="known">A stored state; its text is not read again.</param>
    internal Task<Completion?> FindAsync(
        MessageKey key, CancellationToken cancellation, Completion? known = null) =>
        CompletionRows.FindAsync(tables, key, known, cancellation);

    /// <summary>Writes both index rows. Called before the completion is inserted.</summary>
    internal Task WriteIndexRowsAsync(Completion completion, CancellationToken cancellation) => Task.WhenAll(
        WriteScheduleRowAsync(completion, cancellation),
        tables.Tenants.UpsertEntityAsync(RecordRow(completion), TableUpdateMode.Replace, cancellation));

    /// <summary>Called before an attempt of the completion begins.</summary>
    internal Task WriteScheduleRowAsync(Completion completion, CancellationToken cancellation) =>
        schedule.WriteAsync(Scheduled(completion), cancellation);

    /// <summary>
    /// Called after the next attempt of the completion began. Failures are logged: the timer deletes a row that is left.
    /// </summary>
    internal async Task DropScheduleRowAsync(Completion completion)
    {
        try
        {
            await schedule.DeleteAsync(Scheduled(completion), CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowLeft(logger, completion.Id, PrivateException.Describe(e));
        }
    }

    /// <summary>
    /// Called after the completion ended: deletes its chunks, then its schedule row. Failures are logged: while the
    /// schedule row is there, the timer does both.
    /// </summary>
    internal async Task CleanUpAsync(Completion ended)
    {
        try
        {
            if (ended.Chunks > 0 || ended.Attempt > 1)
            {
                await DeleteChunksAsync(ended.Key, ended.Attempt, CancellationToken.None);
            }
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowLeft(logger, ended.Id, PrivateException.Describe(e));
            return;
        }

        await DropScheduleRowAsync(ended);
    }

    /// <inheritdoc cref="CompletionRows.DeleteChunksAsync"/>
    internal Task DeleteChunksAsync(MessageKey key, int attempt, CancellationToken cancellation) =>
        CompletionRows.DeleteChunksAsync(tables, key, attempt, cancellation);

    internal static TableEntity RecordRow(Completion completion)
    {
        var chatbot = EntityId.TryFromGuid(completion.Chatbot, EntityKind.Chatbot, out var id)
            ? new ChatbotKey(id.Conversation.Tenant, id.Conversation.Number)
            : throw new InvalidOperationException($"{completion.Chatbot} is no chatbot's id.");
        return new TableEntity(
            ChatbotRowKeys.ChatbotPartition(chatbot),
            RecordRowKeys.Record(
                completion.CreatedAt.ToUnixTimeMilliseconds(),
                completion.Key.Conversation.Number,
                completion.Key.Sequence));
    }

    internal static ScheduledItem Scheduled(Completion completion) => new(
        completion.Key.Conversation.Tenant,
        completion.DueAt,
        CompletionRowKeys.ScheduledCompletion(completion.Key, completion.Attempt));

    [LoggerMessage(
        1401,
        LogLevel.Debug,
        "The schedule row of completion {Completion} was left behind; the timer drops it: {Why}")]
    private static partial void LogRowLeft(ILogger logger, Guid completion, string why);
}
