using Parley.Assistants.Completions;
using Parley.Conversations.Messages;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Assistants.Completions;

/// <summary>Implementations that each lack one precaution, to show that the invariants detect its absence.</summary>
internal static class BrokenCompletions
{
    /// <summary>
    /// The copy without a defect. It passes, so a failure of another copy comes from the precaution that it lacks.
    /// </summary>
    public static CompletionOperations Whole { get; } = Copy();

    /// <summary>Publishes text before it is stored.</summary>
    public static CompletionOperations PublishingFirst { get; } = Copy(publishesFirst: true);

    /// <summary>Writes the completion's row without its ETag.</summary>
    public static CompletionOperations WithoutETag { get; } = new()
    {
        Defect = new TableDefect
        {
            IgnoresCondition = (table, rowKey, _) => table == "Conversations" && rowKey.StartsWith("t|", StringComparison.Ordinal),
        },
    };

    /// <summary>The worker reads every hand-off as expired.</summary>
    public static CompletionOperations WithoutHandOff { get; } = new()
    {
        Defect = new TableDefect
        {
            HasDefect = process => process.StartsWith("worker", StringComparison.Ordinal),
            Reads = (_, _, property, value) => property == "HandedOffUntil" ? DateTime.UnixEpoch : value,
        },
    };

    /// <summary>
    /// The timer ends overdue completions by its own clock, without checking whether the producer still writes.
    /// </summary>
    public static CompletionOperations WithoutLivenessCheck { get; } = new()
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

            await CompletionOperations.Production.Tick(process);
        },
    };

    /// <summary>
    /// The timer deletes orphaned schedule rows at once instead of after the time within which their writers must have
    /// failed.
    /// </summary>
    public static CompletionOperations WithoutWaitingForWriters { get; } = new()
    {
        Tick = async process =>
        {
            // Also rows that are not due yet: their writers are as likely to be between two calls.
            foreach (var (row, completion) in await DueAsync(process, process.Time.GetUtcNow().AddMinutes(10)))
            {
                if (completion is null || completion.Attempt < CompletionRowKeys.ReadScheduledCompletion(row.RowKey).Attempt)
                {
                    await process.Schedule.DeleteAllAsync([row], CancellationToken.None);
                }
            }

            await CompletionOperations.Production.Tick(process);
        },
    };

    private static async Task<List<(ScheduledRow Row, Completion? Completion)>> DueAsync(ParleyProcess process, DateTimeOffset until)
    {
        var found = new List<(ScheduledRow, Completion?)>();
        await foreach (var row in process.Schedule.ReadDueAsync(CompletionRowKeys.ScheduledCompletions, until, CancellationToken.None))
        {
            found.Add((row, await process.CompletionStore.FindAsync(CompletionRowKeys.ReadScheduledCompletion(row.RowKey).Completion, CancellationToken.None)));
        }

        return found;
    }

    /// <summary>A copy of the completion producer.</summary>
    /// <param name="publishesFirst">True when the producer publishes text before storing it.</param>
    private static CompletionOperations Copy(bool publishesFirst = false)
    {
        return new CompletionOperations
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
                if (ended.Error != CompletionError.Interrupted)
                {
                    await process.CompletionWriter.CleanUpAsync(ended);
                }

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
                var extended = stored.WithText(i == words.Length - 1 ? words[i] : words[i] + " ");
                if (publishesFirst)
                {
                    feed.Publish(extended);
                }

                stored = await process.CompletionWriter.AppendTextAsync(stored, extended);
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
