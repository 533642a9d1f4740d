using Parley.Testing;
using Parley.Webhooks;

namespace Parley.Tests.Exports;

/// <summary>The receiver's response to a delivery.</summary>
/// <param name="Status">Null without a response.</param>
/// <param name="Failure">The failure of the attempt, if any.</param>
/// <param name="RetryAfter">The value of Retry-After.</param>
internal readonly record struct ReceiverResponse(int? Status, WebhookFailure? Failure = null, TimeSpan? RetryAfter = null);

/// <summary>
/// A webhook receiver with scripted responses. A delivery is a call of its process, which may die or time out.
/// </summary>
internal sealed class SimulatedReceiver(Simulation run, ExportLog log)
{
    /// <summary>The response to the n-th delivery of all, from 1.</summary>
    public Func<int, ReceiverResponse> Script { get; set; } = _ => new ReceiverResponse(204);

    public List<Delivery> Deliveries { get; } = [];

    /// <summary>The receiver as one process calls it.</summary>
    public IWebhookSender Of(TableConnection process) => new Sender(this, process);

    /// <summary>Every class of response, chosen at random.</summary>
    public static Func<int, ReceiverResponse> Mixed(Random random) => _ => random.Next(12) switch
    {
        0 => new(200),
        1 => new(299),
        2 => new(204),
        3 => new(301),
        4 => new(400),
        5 => new(410),
        6 => new(429, null, TimeSpan.FromSeconds(random.Next(90))),
        7 => new(503, null, TimeSpan.FromHours(random.Next(10))),
        8 => new(null, WebhookFailure.TimedOut),
        9 => new(null, WebhookFailure.ConnectionLost),
        10 => new(null, WebhookFailure.NotConnected),
        _ => new(500),
    };

    private WebhookResult Receive(Sending sending, byte[] body)
    {
        var response = Script(Deliveries.Count + 1);
        Deliveries.Add(new Delivery(sending, run.Time.GetUtcNow(), body));
        log.Received(sending, body, response.Status);
        return new WebhookResult(response.Status, response.Failure, TimeSpan.FromMilliseconds(5), "", response.RetryAfter);
    }

    /// <summary>
    /// Like <see cref="WebhookClient"/>: every outcome is a result, except the caller's cancellation and the end of its
    /// process.
    /// </summary>
    private sealed class Sender(SimulatedReceiver receiver, TableConnection process) : IWebhookSender
    {
        public async Task<WebhookResult> SendAsync(
            string url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation)
        {
            var sending = receiver.Begin(process.Name, headers.Single(header => header.Key == "webhook-id").Value);
            var sent = body.ToArray();
            using var late = new CancellationTokenSource(WebhookClient.MaxTime, receiver.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
            try
            {
                return await process.CallAsync(
                    new ForeignCall("receiver", "Post", sending.WebhookId),
                    () => receiver.Receive(sending, sent),
                    failed: kind => kind switch
                    {
                        FaultKind.Busy => new WebhookResult(503, null, TimeSpan.Zero, "busy"),
                        FaultKind.TimeOut => new WebhookResult(null, WebhookFailure.TimedOut, WebhookClient.MaxTime),
                        _ => new WebhookResult(null, WebhookFailure.ConnectionLost, TimeSpan.Zero),
                    },
                    cancellation: both.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return new WebhookResult(null, WebhookFailure.TimedOut, WebhookClient.MaxTime);
            }
        }
    }

    private TimeProvider Time => run.Time;

    private Sending Begin(string process, string webhookId) => log.Begin(process, webhookId);
}

/// <summary>A webhook that has arrived.</summary>
internal sealed record Delivery(Sending Sending, DateTimeOffset At, byte[] Body);
