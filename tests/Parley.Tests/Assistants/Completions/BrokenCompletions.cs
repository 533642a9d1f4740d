using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations.Messages;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Assistants.Completions;

/// <summary>Ways of which each has one thing left out, to show that the invariants catch what that thing is for.</summary>
internal static class BrokenCompletions
{
    /// <summary>Nothing is left out: so it is not something else about the copy that is caught.</summary>
    public static CompletionWays Whole { get; } = Copy();

    /// <summary>It shows what it is about to store.</summary>
    public static CompletionWays PublishingFirst { get; } = Copy(publishesFirst: true);

    /// <summary>It writes the row whatever it has become.</summary>
    public static CompletionWays WithoutETag { get; } = new()
    {
        Defect = new TableDefect
        {
            IgnoresCondition = (table, rowKey, _) => table == "Conversations" && rowKey.StartsWith("t|", StringComparison.Ordinal),
        },
    };

    /// <summary>A worker does not see that a human answers.</summary>
    public static CompletionWays WithoutHandOff { get; } = new()
    {
        Defect = new TableDefect
        {
            HasDefect = process => process.StartsWith("worker", StringComparison.Ordinal),
            Reads = (_, _, property, value) => property == "HandedOffUntil" ? DateTime.UnixEpoch : value,
        },
    };

    /// <summary>The timer ends what is overdue by its clock, without looking whether anybody still speaks.</summary>
    public static CompletionWays WithoutLookingTwice { get; } = new()
    {
        Tick = async process =>
        {
            foreach (var (_, completion) in await DueAsync(process, process.Time.GetUtcNow()))
            {
                if (completion is { Status: CompletionStatus.Running })
                {
                    await process.CompletionFollower.EndDeadAsync(completion);
                }
            }

            await CompletionWays.Parleys.Tick(process);
        },
    };

    /// <summary>The timer drops rows that find nothing at once, and not only when their writers must have failed.</summary>
    public static CompletionWays WithoutPatience { get; } = new()
    {
        Tick = async process =>
        {
            // Also of those that are not due yet: their writers are as likely to be on their way.
            foreach (var (row, completion) in await DueAsync(process, process.Time.GetUtcNow().AddMinutes(10)))
            {
                if (completion is null || completion.Attempt < CompletionRowKeys.ReadScheduledCompletion(row.RowKey).Attempt)
                {
                    await process.Tables.Schedule.DeleteEntityAsync(row.PartitionKey, row.RowKey);
                }
            }

            await CompletionWays.Parleys.Tick(process);
        },
    };

    private static async Task<List<(TableEntity Row, Completion? Completion)>> DueAsync(ParleyProcess process, DateTimeOffset until)
    {
        var found = new List<(TableEntity, Completion?)>();
        await foreach (var row in process.Tables.Schedule.QueryAsync<TableEntity>(Filters.Until(ScheduleRowKeys.SchedulePartition(until), CompletionRowKeys.ScheduledCompletions)))
        {
            found.Add((row, await process.CompletionStore.FindAsync(CompletionRowKeys.ReadScheduledCompletion(row.RowKey).Completion, CancellationToken.None)));
        }

        return found;
    }

    /// <summary>A copy of who speaks.</summary>
    /// <param name="publishesFirst">Whether it shows before it stores.</param>
    private static CompletionWays Copy(bool publishesFirst = false)
    {
        return new CompletionWays
        {
            Produce = (process, completion) => Run(process, completion.Completion),
            Run = async (process, reply) =>
            {
                if (await process.CompletionStore.FindAsync(reply.Key, CancellationToken.None) is { Status: CompletionStatus.Queued } completion
                    && await process.CompletionWriter.BeginAsync(completion, CancellationToken.None) is { } begun)
                {
                    await Run(process, begun).Result;
                }
            },
        };

        ProducedCompletion Run(ParleyProcess process, Completion completion)
        {
            var feed = new CompletionBroadcast(completion);
            return new ProducedCompletion(feed.ReadAsync(CancellationToken.None), RunAsync(process, completion, feed));
        }

        async Task<Completion> RunAsync(ParleyProcess process, Completion completion, CompletionBroadcast feed)
        {
            try
            {
                var ended = await ProduceAsync(process, completion, feed);
                ended = ended.Status == CompletionStatus.Ended && ended.ProducerId == completion.ProducerId ? ended : feed.Latest with { Status = CompletionStatus.Ended, Error = CompletionError.Interrupted };
                feed.Publish(ended);
                return ended;
            }
            catch (Exception e)
            {
                feed.Fail(e);
                throw;
            }
        }

        async Task<Completion> ProduceAsync(ParleyProcess process, Completion completion, CompletionBroadcast feed)
        {
            var message = await MessageRow.FindAsync(process.Tables, completion.Key, CancellationToken.None);
            var (stored, words) = (completion, CompletionModel.Scripted(message!.Text).Split(' '));
            for (var i = 0; i < words.Length && !stored.CancelRequested; i++)
            {
                var said = stored.WithText(i == words.Length - 1 ? words[i] : words[i] + " ");
                if (publishesFirst)
                {
                    feed.Publish(said);
                }

                stored = await process.CompletionWriter.AppendTextAsync(stored, said);
                if (!CompletionEnding.IsOpen(completion, stored, isProducer: true))
                {
                    return stored;
                }

                feed.Publish(stored);
                await Task.Delay(TimeSpan.FromMilliseconds(300), process.Time);
            }

            return await process.CompletionWriter.EndAsync(stored, stored.CancelRequested ? CompletionError.Cancelled : null, retryAfter: null, isProducer: true);
        }
    }
}
