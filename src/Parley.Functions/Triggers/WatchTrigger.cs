using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Storage;

namespace Parley.Functions.Triggers;

/// <summary>
/// Counts the messages of the poison queues, to which the host moves a message after its last attempt and which nobody
/// reads otherwise. The counts of Queue Storage are approximate, but never zero for a queue with messages.
/// </summary>
public sealed class WatchTrigger(QueueServiceClient queues)
{
    private static readonly string[] Watched =
        [.. Names<FollowUpChunk>(), .. Names<ExportStep>(), .. Names<QueuedReply>()];

    /// <summary>The storage calls of a run, for the estimate of the bill.</summary>
    internal static int Reads => Watched.Length;

    [Function("QueuesWatched")]
    public Task Run([TimerTrigger("%WatchSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        Task.WhenAll(Watched.Select(queue => CountAsync($"{queue}-poison", cancellation)));

    private static IReadOnlyList<string> Names<T>()
        where T : IWorkMessage<T> => T.QueueNames;

    private async Task CountAsync(string name, CancellationToken cancellation)
    {
        try
        {
            var properties = await queues.GetQueueClient(name).GetPropertiesAsync(cancellation);
            Telemetry.PoisonCounted(name, properties.Value.ApproximateMessagesCountLong);
        }
        catch (RequestFailedException e) when (e.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            // Where no deployment has created it, the host does for its first message.
            Telemetry.PoisonCounted(name, 0);
        }
    }
}
