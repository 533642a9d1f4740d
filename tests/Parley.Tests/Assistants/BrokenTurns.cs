using Azure;
using Azure.Data.Tables;
using Parley.Assistants;
using Parley.Messages;
using Parley.Storage;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Assistants;

/// <summary>Ways of which each has one thing left out, to show that the invariants catch what that thing is for.</summary>
internal static class BrokenTurns
{
    /// <summary>Nothing is left out: so it is not something else about the copy that is caught.</summary>
    public static TurnWays Whole { get; } = Copy();

    /// <summary>It shows what it is about to store.</summary>
    public static TurnWays PublishingFirst { get; } = Copy(publishesFirst: true);

    /// <summary>It writes whatever has become of the turn.</summary>
    public static TurnWays WithoutETag { get; } = Copy(seen: turn => turn with { ETag = ETag.All });

    /// <summary>It ends a reply to a posted message like any other.</summary>
    public static TurnWays WithoutHandOff { get; } = Copy(seen: turn => turn with { IsAutoReply = false });

    /// <summary>The timer ends what is overdue by its clock, without looking whether anybody still speaks.</summary>
    public static TurnWays WithoutLookingTwice { get; } = new()
    {
        Tick = async process =>
        {
            foreach (var (_, turn) in await DueAsync(process, process.Time.GetUtcNow()))
            {
                if (turn is { Status: TurnStatus.Running })
                {
                    await process.TurnWatch.EndDeadAsync(turn);
                }
            }

            await TurnWays.Parleys.Tick(process);
        },
    };

    /// <summary>The timer drops rows that find nothing at once, and not only when their writers must have failed.</summary>
    public static TurnWays WithoutPatience { get; } = new()
    {
        Tick = async process =>
        {
            // Also of those that are not due yet: their writers are as likely to be on their way.
            foreach (var (row, turn) in await DueAsync(process, process.Time.GetUtcNow().AddMinutes(10)))
            {
                if (turn is null || turn.Attempt < RowKeys.ReadDueTurn(row.RowKey).Attempt)
                {
                    await process.Tables.Due.DeleteEntityAsync(row.PartitionKey, row.RowKey);
                }
            }

            await TurnWays.Parleys.Tick(process);
        },
    };

    private static async Task<List<(TableEntity Row, Turn? Turn)>> DueAsync(ParleyProcess process, DateTimeOffset until)
    {
        var found = new List<(TableEntity, Turn?)>();
        await foreach (var row in process.Tables.Due.QueryAsync<TableEntity>(Filters.Until(RowKeys.DuePartition(until), RowKeys.DueTurns)))
        {
            found.Add((row, await process.TurnReader.FindAsync(RowKeys.ReadDueTurn(row.RowKey).Turn, CancellationToken.None)));
        }

        return found;
    }

    /// <summary>A copy of who speaks.</summary>
    /// <param name="publishesFirst">Whether it shows before it stores.</param>
    /// <param name="seen">What it takes the turn for that it writes.</param>
    private static TurnWays Copy(bool publishesFirst = false, Func<Turn, Turn>? seen = null)
    {
        return new TurnWays
        {
            Speak = (process, completion) => Speak(process, completion.Turn),
            Run = async (process, reply) =>
            {
                if (await process.TurnReader.FindAsync(reply.Key, CancellationToken.None) is { Status: TurnStatus.Queued } turn
                    && await process.TurnWriter.BeginAsync(turn, CancellationToken.None) is { } begun)
                {
                    await Speak(process, begun).Completion;
                }
            },
        };

        SpokenTurn Speak(ParleyProcess process, Turn turn)
        {
            var feed = new TurnFeed(turn);
            return new SpokenTurn(feed.ReadAsync(CancellationToken.None), SpeakAsync(process, turn, feed));
        }

        async Task<Turn> SpeakAsync(ParleyProcess process, Turn turn, TurnFeed feed)
        {
            try
            {
                var ended = await SayAsync(process, turn, feed);
                ended = ended.Status == TurnStatus.Ended && ended.ProducerId == turn.ProducerId ? ended : feed.Latest with { Status = TurnStatus.Ended, Error = TurnError.Interrupted };
                feed.Publish(ended);
                return ended;
            }
            catch (Exception e)
            {
                feed.Fail(e);
                throw;
            }
        }

        async Task<Turn> SayAsync(ParleyProcess process, Turn turn, TurnFeed feed)
        {
            var message = await MessageRow.FindAsync(process.Tables, turn.Key, CancellationToken.None);
            var (stored, words) = (turn, TurnWorld.Scripted(message!.Text).Split(' '));
            for (var i = 0; i < words.Length && !stored.CancelAsked; i++)
            {
                var said = stored.Saying(i == words.Length - 1 ? words[i] : words[i] + " ");
                if (publishesFirst)
                {
                    feed.Publish(said);
                }

                stored = await process.TurnWriter.SayAsync(As(stored), said);
                if (!TurnEnd.IsOpen(turn, stored, speaks: true))
                {
                    return stored;
                }

                feed.Publish(stored);
                await Task.Delay(TimeSpan.FromMilliseconds(300), process.Time);
            }

            return await process.TurnWriter.EndAsync(As(stored), stored.CancelAsked ? TurnError.Cancelled : null, retryAfter: null, speaks: true);
        }

        Turn As(Turn turn) => seen?.Invoke(turn) ?? turn;
    }
}
