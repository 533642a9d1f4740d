using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>
/// The timer's: asks again for turns that nobody has begun, and ends those whose process has died. A turn that is overdue is looked at twice, so that clocks
/// need not agree: who speaks writes at least once a second.
/// </summary>
public sealed partial class TurnSweep(
    ParleyTables tables, TurnReader reader, TurnWatch watch, AutoReplies replies, TimeProvider time, ILogger<TurnSweep> logger)
{
    /// <summary>Rows that are worked on at once.</summary>
    private const int Width = 16;

    private const string AskedUntil = "AskedUntil";

    /// <summary>How long a message of the queue is waited for before there is another one: when the queue is long, more of them make it no shorter.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(5);

    /// <summary>Works through all that is due. May be broken off anywhere and run twice.</summary>
    /// <returns>How many turns were ended.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var ended = 0;
        var rows = tables.Due.QueryAsync<TableEntity>(Filters.Until(RowKeys.DuePartition(time.GetUtcNow()), RowKeys.DueTurns), cancellationToken: cancellation);
        await foreach (var chunk in rows.Chunk(Filters.MaxPerCall).WithCancellation(cancellation))
        {
            var overdue = (await Workers.RunAsync(chunk, Width, row => TryAsync(row.RowKey, () => LookAsync(row, cancellation), cancellation))).OfType<Turn>().ToList();
            if (overdue.Count > 0)
            {
                await Task.Delay(TurnWatch.Patience, time, cancellation);
                var turns = await Workers.RunAsync(overdue, Width, turn => TryAsync($"{turn.Id}", () => EndIfDeadAsync(turn, cancellation), cancellation));
                ended += turns.Count(turn => turn?.Status == TurnStatus.Ended);
            }
        }

        return ended;
    }

    /// <summary>Does what a row of Due asks for.</summary>
    /// <returns>The turn, when it is running still.</returns>
    private async Task<Turn?> LookAsync(TableEntity row, CancellationToken cancellation)
    {
        var (key, attempt) = RowKeys.ReadDueTurn(row.RowKey);
        var turn = await reader.FindAsync(key, cancellation);
        switch (turn)
        {
            case null:
            case { } older when older.Attempt < attempt:
                // The turn may be on its way.
                await tables.Due.DropIfStaleAsync(row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, time.GetUtcNow(), cancellation);
                return null;
            case { Status: not TurnStatus.Ended } early when early.Attempt == attempt && early.DueAt > time.GetUtcNow():
                return null;
            case { Status: TurnStatus.Running } when turn.Attempt == attempt:
                return turn;
            case { Status: TurnStatus.Queued } when turn.Attempt == attempt:
                await AskAsync(row, turn, cancellation);
                return null;
            default:
                await tables.Due.DropAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
                return null;
        }
    }

    private async Task AskAsync(TableEntity row, Turn turn, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (row.GetDateTimeOffset(AskedUntil) > now)
        {
            return;
        }

        // Noted first: of two ticks at once, one asks.
        var asked = new TableEntity(row.PartitionKey, row.RowKey) { [AskedUntil] = now + AskAgainAfter };
        try
        {
            await tables.Due.UpdateEntityAsync(asked, row.ETag, TableUpdateMode.Merge, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed() || e.IsNotFound())
        {
            // Another tick asks, or it has been begun.
            return;
        }

        await replies.AskAsync(turn);
    }

    private async Task<Turn?> EndIfDeadAsync(Turn turn, CancellationToken cancellation) =>
        await reader.FindAsync(turn.Key, cancellation) is { Status: TurnStatus.Running } there && there.ETag == turn.ETag
            ? await watch.EndDeadAsync(there)
            : null;

    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the others are not to wait for the one that cannot be looked after.")]
    private async Task<Turn?> TryAsync(string what, Func<Task<Turn?>> work, CancellationToken cancellation)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // The others go on, also past a row that cannot be read; the next tick finds this one again.
            LogLeft(logger, e, what);
            return null;
        }
    }

    [LoggerMessage(1405, LogLevel.Warning, "Turn {Turn} could not be looked after; the next tick tries again.")]
    private static partial void LogLeft(ILogger logger, Exception exception, string turn);
}
