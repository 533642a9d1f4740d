using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Parley.Core;

/// <summary>
/// Everything that Parley traces and measures, in one place: the span source, the meters with their units, and the
/// names of tags. Names are those of the OpenTelemetry semantic conventions where they have one, else they begin with
/// <c>parley.</c>. The Functions host has a meter <c>faas.invoke_duration</c> of its own. No tag holds text, a name, an
/// id or an address that a client chose, so every tag has few values. docs/operations.md lists the meters; requests are
/// measured by ASP.NET Core (<see cref="RequestDuration"/>).
/// </summary>
public static partial class Telemetry
{
    /// <summary>The name of the span source and of the meter.</summary>
    public const string Name = "Parley";

    /// <summary>The meter of ASP.NET Core that has <see cref="RequestDuration"/>.</summary>
    public const string RequestMeter = "Microsoft.AspNetCore.Hosting";

    /// <summary>Histogram of ASP.NET Core, in seconds, by method, route and status.</summary>
    public const string RequestDuration = "http.server.request.duration";

    /// <summary>The tag with the kind of work of <see cref="WorkFailed"/>.</summary>
    public const string WorkTag = "parley.work";

    private const string ReasonTag = "parley.reason";
    private const string OutcomeTag = "parley.outcome";
    private const string ErrorTag = "error.type";
    private const string StatusTag = "http.response.status_code";
    internal const string QueueTag = "messaging.destination.name";

    /// <summary>Seconds up to half an hour, the longest run of a function.</summary>
    private static readonly InstrumentAdvice<double> LongSeconds = new()
    {
        HistogramBucketBoundaries = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800],
    };

    /// <summary>The boundaries that the conventions give for HTTP.</summary>
    private static readonly InstrumentAdvice<double> ShortSeconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    /// <summary>The boundaries that the conventions give for tokens.</summary>
    private static readonly InstrumentAdvice<long> Tokens = new()
    {
        HistogramBucketBoundaries =
        [
            1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
        ],
    };

    /// <summary>The boundaries that the conventions give for calls of models.</summary>
    private static readonly InstrumentAdvice<double> ModelSeconds = new()
    {
        HistogramBucketBoundaries =
            [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    };

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Invocations = Meter.CreateHistogram(
        "parley.function.duration", "s", "Runs of timer and queue functions.", null, LongSeconds);

    private static readonly Histogram<double> StorageCalls = Meter.CreateHistogram(
        "parley.storage.call.duration", "s", "Calls of storage, each attempt by itself.", null, ShortSeconds);

    private static readonly Counter<long> StorageRetries = Meter.CreateCounter<long>(
        "parley.storage.retries", "{retry}", "Attempts of storage calls after the first.");

    private static readonly Histogram<double> FollowUpLag = Meter.CreateHistogram(
        "parley.follow_up.lag", "s", "From the due time of a follow-up to its message.", null, LongSeconds);

    private static readonly Counter<long> FollowUpsSent = Meter.CreateCounter<long>(
        "parley.follow_up.sent", "{follow_up}", "Follow-ups sent as messages.");

    private static readonly Counter<long> FollowUpsCancelled = Meter.CreateCounter<long>(
        "parley.follow_up.cancelled", "{follow_up}", "Follow-ups that will not be sent, by reason.");

    private static readonly Counter<long> FollowUpsFailed = Meter.CreateCounter<long>(
        "parley.follow_up.failed", "{follow_up}", "Follow-ups that have failed, by reason.");

    private static readonly Counter<long> ExportRows = Meter.CreateCounter<long>(
        "parley.export.rows", "{row}", "Rows of complete export files, by format.");

    private static readonly Histogram<double> ExportDuration = Meter.CreateHistogram(
        "parley.export.duration", "s", "From the request for an export to its complete file.", null, LongSeconds);

    private static readonly Counter<long> ExportAttempts = Meter.CreateCounter<long>(
        "parley.export.attempts", "{attempt}", "Attempts at export files, by outcome.");

    private static readonly Counter<long> CallbackAttempts = Meter.CreateCounter<long>(
        "parley.callback.attempts", "{attempt}", "Attempts at callbacks, by outcome.");

    private static readonly UpDownCounter<long> StreamsOpen = Meter.CreateUpDownCounter<long>(
        "parley.streams.open", "{stream}", "Replies that are being streamed to clients.");

    private static readonly Histogram<double> ModelDuration = Meter.CreateHistogram(
        "gen_ai.client.operation.duration", "s", "Calls of providers, up to the end of the reply.", null, ModelSeconds);

    private static readonly Histogram<double> ModelFirstChunk = Meter.CreateHistogram(
        "gen_ai.client.operation.time_to_first_chunk",
        "s",
        "Calls of providers, up to the first text.",
        null,
        ModelSeconds);

    private static readonly Histogram<long> ModelTokens = Meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Tokens of calls of providers, as they count them.", null, Tokens);

    private static readonly Histogram<double> QueueAge = Meter.CreateHistogram(
        "parley.queue.age", "s", "From the time when a queue message became visible to its work.", null, LongSeconds);

    private static readonly PoisonCounts Poison = new(Meter);

    private static readonly Counter<long> WorkFailures = Meter.CreateCounter<long>(
        "parley.work.failures", "{failure}", "Work of timers and queues that failed, by kind.");

    /// <summary>
    /// The W3C trace context of the running work, to be stored where other work continues it (<see cref="Link"/>). Null
    /// when the trace is not exported.
    /// </summary>
    public static string? Context => Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } current
        ? current.Id
        : null;

    /// <summary>Starts the span of a step. It ends when it is disposed.</summary>
    /// <param name="step">A name of few values, such as "write export file".</param>
    /// <param name="origin">A stored <see cref="Context"/>: the span links to it. Null or malformed: no link.</param>
    /// <returns>Null when the trace is not exported.</returns>
    public static Activity? Start(string step, string? origin = null)
    {
        var links = TryParse(origin, out var context) ? new[] { new ActivityLink(context) } : null;
        return Source.StartActivity(step, ActivityKind.Internal, default(ActivityContext), links: links);
    }

    /// <summary>
    /// Starts the span of an invocation that has none. It is exported if the trace is; otherwise it only carries the
    /// trace id.
    /// </summary>
    /// <param name="parent">The host's trace context (W3C); null or malformed for a new trace.</param>
    public static Activity StartInvocation(string? parent)
    {
        var hasParent = TryParse(parent, out var context);
        if (Source.StartActivity("Invoke", ActivityKind.Internal, hasParent ? context : default) is { } exported)
        {
            return exported;
        }

        var activity = new Activity("Invoke");
        if (hasParent)
        {
            activity.SetParentId(context.TraceId, context.SpanId);
        }

        return activity.Start();
    }

    /// <summary>Links the running span to a stored <see cref="Context"/>.</summary>
    public static void Link(string? origin)
    {
        if (Activity.Current is { Recorded: true } current && TryParse(origin, out var context))
        {
            current.AddLink(new ActivityLink(context));
        }
    }

    /// <summary>Counts a run of a function that is not an HTTP function.</summary>
    /// <param name="function">The function's name.</param>
    /// <param name="trigger">timer or pubsub, as in the conventions.</param>
    /// <param name="failure">The exception that it threw, or null.</param>
    public static void Invoked(string function, string trigger, TimeSpan elapsed, Exception? failure)
    {
        var tags = new TagList { { "faas.name", function }, { "faas.trigger", trigger } };
        AddError(ref tags, failure?.GetType().FullName);
        Invocations.Record(elapsed.TotalSeconds, tags);
    }

    /// <summary>True when <see cref="StorageCalled"/> is measured: it is worth reading the clock.</summary>
    public static bool MeasuresStorage => StorageCalls.Enabled;

    /// <summary>Counts one attempt of a storage call.</summary>
    /// <param name="service">table, blob or queue.</param>
    /// <param name="status">The status of the response; 0 without one.</param>
    /// <param name="failure">The exception instead of a response, or null.</param>
    /// <param name="isRetry">True for every attempt of a call after its first.</param>
    public static void StorageCalled(
        string service, string method, int status, Exception? failure, bool isRetry, TimeSpan elapsed)
    {
        var tags = new TagList { { "parley.storage.service", service }, { "http.request.method", method } };
        if (status > 0)
        {
            tags.Add(StatusTag, status);
        }

        AddError(ref tags, failure?.GetType().FullName);
        StorageCalls.Record(elapsed.TotalSeconds, tags);
        if (isRetry)
        {
            StorageRetries.Add(1, new KeyValuePair<string, object?>("parley.storage.service", service));
        }
    }

    /// <summary>Counts a follow-up that was sent.</summary>
    /// <param name="lag">From its due time to the time of its message.</param>
    public static void FollowUpSent(TimeSpan lag)
    {
        FollowUpsSent.Add(1);
        FollowUpLag.Record(lag.TotalSeconds);
    }

    /// <summary>Counts a follow-up that will not be sent.</summary>
    /// <param name="reason">One of few reasons, never a client's text.</param>
    public static void FollowUpCancelled(string reason, int count = 1) =>
        FollowUpsCancelled.Add(count, new KeyValuePair<string, object?>(ReasonTag, reason));

    /// <summary>Counts a follow-up that has failed.</summary>
    /// <param name="reason">One of few reasons, never a client's text.</param>
    public static void FollowUpFailed(string reason) =>
        FollowUpsFailed.Add(1, new KeyValuePair<string, object?>(ReasonTag, reason));

    /// <summary>Counts an attempt at the file of an export.</summary>
    /// <param name="outcome">completed, failed or abandoned.</param>
    public static void ExportAttempted(string outcome) =>
        ExportAttempts.Add(1, new KeyValuePair<string, object?>(OutcomeTag, outcome));

    /// <summary>Counts a complete file of an export.</summary>
    /// <param name="format">csv, jsonl or xlsx.</param>
    /// <param name="elapsed">The time since the request for the export.</param>
    public static void ExportCompleted(string format, long rows, TimeSpan elapsed)
    {
        var tag = new KeyValuePair<string, object?>("parley.export.format", format);
        ExportRows.Add(rows, tag);
        ExportDuration.Record(elapsed.TotalSeconds, tag);
    }

    /// <summary>Counts an attempt at a callback, on the running span too.</summary>
    /// <param name="outcome">What follows: delivered, gone, retry or exhausted.</param>
    /// <param name="status">The status of the response, or null.</param>
    /// <param name="failure">The reason for a missing response, or null.</param>
    public static void CallbackAttempted(string outcome, int? status, string? failure)
    {
        var tags = new TagList { { OutcomeTag, outcome } };
        if (status is { } code)
        {
            // A receiver can answer with any three digits.
            tags.Add(StatusTag, code is >= 100 and <= 599 ? code : "_OTHER");
        }

        AddError(ref tags, failure);
        CallbackAttempts.Add(1, tags);
        foreach (var (name, value) in tags)
        {
            Activity.Current?.SetTag(name, value);
        }
    }

    /// <summary>Counts a stream to a client as open until the result is disposed.</summary>
    public static IDisposable StreamOpened()
    {
        StreamsOpen.Add(1);
        return new OpenStream();
    }

    /// <summary>Counts the age of a queue message when its work begins.</summary>
    public static void MessageReceived(string queue, TimeSpan age) =>
        QueueAge.Record(age.TotalSeconds, new KeyValuePair<string, object?>(QueueTag, queue));

    /// <summary>Sets the number of messages in a poison queue.</summary>
    public static void PoisonCounted(string queue, long messages) =>
        Poison.Set(queue, messages);

    /// <summary>Counts failed work of timers and queues; the alerts read it.</summary>
    /// <param name="work">One of few kinds, such as "export.file".</param>
    public static void WorkFailed(string work, int count = 1) =>
        WorkFailures.Add(count, new KeyValuePair<string, object?>(WorkTag, work));

    /// <summary>Begins the span and the measures of a call of a provider. They end when it is disposed.</summary>
    /// <param name="provider">The type of the provider.</param>
    /// <param name="model">The model of the settings; null for one that a client chose.</param>
    public static ModelCall CallModel(string provider, string? model, TimeProvider time) => new(provider, model, time);

    private static void AddError(ref TagList tags, string? error)
    {
        if (error is not null)
        {
            tags.Add(ErrorTag, error);
        }
    }

    private static bool TryParse(string? context, out ActivityContext parsed) =>
        ActivityContext.TryParse(context, null, isRemote: true, out parsed);

    private sealed class OpenStream : IDisposable
    {
        private int isClosed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isClosed, 1) == 0)
            {
                StreamsOpen.Add(-1);
            }
        }
    }
}
