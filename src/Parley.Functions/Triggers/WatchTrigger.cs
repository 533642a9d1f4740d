using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;

namespace Parley.Functions.Triggers;

/// <summary>
/// Counts the messages of the poison queues, to which the host moves a message after its last attempt and which nobody
/// reads otherwise. The counts of Queue Storage are approximate, but never zero for a queue with messages.
/// </summary>
public sealed class WatchTrigger(QueueServiceClient queues)
{
    private static readonly string[] Watched =
        [FollowUpChunk.Queue, ExportStep.FileQueue, ExportStep.WebhookQueue, QueuedReply.Queue];

    [Function("QueuesWatched")]
    public Task Run([TimerTrigger("%WatchSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        Task.WhenAll(Watched.Select(queue => CountAsync($"{queue}-poison", cancellation)));

    private async Task CountAsync(string name, CancellationToken cancellation)
    {
        var queue = queues.GetQueueClient(name);

        // The host creates a poison queue for its first message.
        long messages = await queue.ExistsAsync(cancellation)
            ? (await queue.GetPropertiesAsync(cancellation)).Value.ApproximateMessagesCountLong
            : 0;
        Telemetry.PoisonCounted(name, messages);
    }
}
