using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;

namespace Parley.DevHost.Worker;

/// <summary>
/// The W3C trace context of one invocation. This host records no spans, but the worker's spans need a parent.
/// </summary>
/// <param name="Parent">The traceparent: <c>00-{32 digits}-{16 digits}-{flags}</c>.</param>
/// <param name="State">The client's tracestate; empty if there is none.</param>
internal sealed partial record TraceContext(string Parent, string State)
{
    private const string Recorded = "01";

    /// <summary>Starts a trace: for a queue message, a tick, or a request without a valid traceparent.</summary>
    public static TraceContext New() => Within(ActivityTraceId.CreateRandom().ToHexString(), Recorded, "");

    /// <summary>
    /// Continues the trace of a request with a span of this host. A traceparent that is missing, repeated or invalid
    /// starts a new trace, without the client's tracestate.
    /// </summary>
    public static TraceContext Continue(StringValues parent, StringValues state)
    {
        if (parent.Count != 1 || TraceParent().Match(parent[0]!) is not { Success: true } client)
        {
            return New();
        }

        // Other flags than this one may mean something else in a later version.
        var flags = byte.Parse(client.Groups["flags"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var isRecorded = ((ActivityTraceFlags)flags).HasFlag(ActivityTraceFlags.Recorded);
        return Within(
            client.Groups["trace"].Value, isRecorded ? Recorded : "00", string.Join(',', state.AsEnumerable()));
    }

    private static TraceContext Within(string trace, string flags, string state) =>
        new($"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-{flags}", state);

    /// <summary>
    /// https://www.w3.org/TR/trace-context/#traceparent-header. Only versions after 00 may have more after the flags.
    /// </summary>
    [GeneratedRegex(
        @"^(00(?=.{53}\z)|(?!00|ff)[0-9a-f]{2})-(?!0{32})(?<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-"
            + @"(?<flags>[0-9a-f]{2})(-|\z)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex TraceParent();
}
