using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using OpenTelemetry;

namespace Parley.Functions.Observability;

/// <summary>
/// Removes everything from a span that may hold a client's text, a name or a secret, before it is exported: all tags
/// except the permitted ones, descriptions of failures, and the client's <c>tracestate</c>. URLs are never permitted:
/// their paths have file names and keys of rows, their queries signatures. Storage calls of timers
/// are exported only when they fail.
/// </summary>
internal sealed class PrivateSpans : BaseProcessor<Activity>
{
    /// <summary>
    /// One client span for each call of storage. Azure's packages have more sources, with a second span around it.
    /// </summary>
    public const string StorageSource = "Azure.Core.Http";

    /// <summary>The tag with the kind of trigger of an invocation that is not an HTTP request.</summary>
    public const string Trigger = "faas.trigger";

    /// <summary>The value of <see cref="Trigger"/> for a timer.</summary>
    public const string Timer = "timer";

    private static readonly FrozenSet<string> Permitted = FrozenSet.Create(
        StringComparer.Ordinal,
        "faas.execution",
        "faas.instance",
        "faas.invocation_id",
        "faas.name",
        Trigger,
        "az.namespace",
        "microsoft.sample_rate", // Of the exporter: how many spans of Application Insights this one stands for.
        "az.service_request_id",
        "http.request.method",
        "http.request.resend_count",
        "http.response.status_code",
        "http.route",
        "server.address",
        "server.port",
        "error.type",
        "messaging.destination.name",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "parley.outcome");

    /// <inheritdoc/>
    public override void OnStart(Activity data) => data.TraceStateString = null;

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        List<string>? removed = null;
        foreach (ref readonly var tag in data.EnumerateTagObjects())
        {
            if (!Permitted.Contains(tag.Key))
            {
                (removed ??= []).Add(tag.Key);
            }
        }

        foreach (var tag in removed ?? [])
        {
            data.SetTag(tag, null);
        }

        if (IsExpectedAnswer(data))
        {
            data.SetTag("error.type", null);
            data.SetStatus(ActivityStatusCode.Unset);
        }
        else
        {
            // The same status again, without its description: that is the message of an exception.
            data.SetStatus(data.Status);
        }

        // Events cannot be removed. None is expected: libraries add them for exceptions, with their messages.
        if (IsRoutine(data) || data.Events.Any())
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }

    /// <summary>
    /// The timers look into storage every minute and mostly find nothing. Their calls would be nearly all spans of an
    /// idle app, each of which is paid for; the meters count them.
    /// </summary>
    private static bool IsRoutine(Activity data) =>
        data.Source.Name == StorageSource
        && data.Status != ActivityStatusCode.Error
        && Equals(data.Parent?.GetTagItem(Trigger), Timer);

    /// <summary>
    /// 404, 409 and 412 of storage are answers to questions: is there such a row, was another writer first?
    /// </summary>
    private static bool IsExpectedAnswer(Activity data) =>
        data.Source.Name == StorageSource
        && data.GetTagItem("http.response.status_code") is { } status
        && Convert.ToInt32(status, CultureInfo.InvariantCulture) is 404 or 409 or 412;
}
