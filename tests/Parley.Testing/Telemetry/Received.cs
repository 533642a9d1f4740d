using System.Diagnostics;

namespace Parley.Testing.Telemetry;

/// <summary>The sender of received telemetry: the attributes of its resource, and the name of the source or meter.</summary>
public sealed record ReceivedOrigin(IReadOnlyDictionary<string, object?> Resource, string Scope);

/// <summary>
/// A received span. Ids are lower-case hexadecimal; <see cref="ParentSpanId"/> is empty for the first span of a trace.
/// Attributes are strings, <see cref="bool"/>, <see cref="long"/>, <see cref="double"/>, byte arrays, or lists and
/// dictionaries of these. Times are truncated to 100 ns.
/// </summary>
public sealed record ReceivedSpan(
    ReceivedOrigin Origin,
    string TraceId,
    string SpanId,
    string ParentSpanId,
    string TraceState,
    string Name,
    ActivityKind Kind,
    DateTimeOffset Start,
    DateTimeOffset End,
    IReadOnlyDictionary<string, object?> Attributes,
    IReadOnlyList<ReceivedLink> Links,
    IReadOnlyList<ReceivedEvent> Events,
    ActivityStatusCode Status,
    string StatusMessage);

/// <summary>A link from a span to a span that it was not started by.</summary>
public sealed record ReceivedLink(string TraceId, string SpanId, string TraceState, IReadOnlyDictionary<string, object?> Attributes);

public sealed record ReceivedEvent(string Name, IReadOnlyDictionary<string, object?> Attributes);

/// <summary>
/// One received value of a meter and one combination of its attributes. A meter is received again at every interval.
/// </summary>
/// <param name="Origin">The sender.</param>
/// <param name="Name">The meter's name.</param>
/// <param name="Unit">The meter's unit, such as <c>s</c>.</param>
/// <param name="Description">The meter's description.</param>
/// <param name="Kind">The kind of the meter.</param>
/// <param name="IsMonotonic">True for a counter that only grows.</param>
/// <param name="IsDelta">True if the value is that of the last interval, false if it is that since the start.</param>
/// <param name="Attributes">The attributes.</param>
/// <param name="Value">The value of a gauge or a sum; of a histogram, the sum of its values.</param>
/// <param name="Count">The number of values of a histogram; 1 for the other kinds.</param>
public sealed record ReceivedMetricPoint(
    ReceivedOrigin Origin,
    string Name,
    string Unit,
    string Description,
    MetricKind Kind,
    bool IsMonotonic,
    bool IsDelta,
    IReadOnlyDictionary<string, object?> Attributes,
    double Value,
    long Count);

/// <summary>A received log entry. <see cref="TraceId"/> and <see cref="SpanId"/> are empty outside of a span.</summary>
public sealed record ReceivedLog(
    ReceivedOrigin Origin,
    object? Body,
    string Severity,
    IReadOnlyDictionary<string, object?> Attributes,
    string TraceId,
    string SpanId);

/// <summary>The body of one request, after decompression, as it was sent to <paramref name="Path"/>.</summary>
public sealed record ReceivedRequest(string Path, ReadOnlyMemory<byte> Body);

public enum MetricKind
{
    Gauge,
    Sum,
    Histogram,
}
