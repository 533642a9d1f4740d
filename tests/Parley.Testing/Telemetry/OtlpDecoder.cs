using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Parley.Testing.Telemetry.Otlp;

namespace Parley.Testing.Telemetry;

/// <summary>Decodes the bodies of OTLP requests.</summary>
internal static class OtlpDecoder
{
    private const int NanosecondsPerTick = 100;

    /// <exception cref="InvalidProtocolBufferException">The body is no such message.</exception>
    public static IEnumerable<ReceivedSpan> Spans(byte[] body) =>
        from resource in TracesRequest.Parser.ParseFrom(body).ResourceSpans
        from scope in resource.ScopeSpans
        let origin = Origin(resource.Resource, scope.Scope)
        from span in scope.Spans
        select new ReceivedSpan(
            origin,
            Hex(span.TraceId),
            Hex(span.SpanId),
            Hex(span.ParentSpanId),
            span.TraceState,
            span.Name,
            KindOf(span.Kind),
            Time(span.StartTimeUnixNano),
            Time(span.EndTimeUnixNano),
            Attributes(span.Attributes),
            [.. span.Links.Select(link => new ReceivedLink(Hex(link.TraceId), Hex(link.SpanId), link.TraceState, Attributes(link.Attributes)))],
            [.. span.Events.Select(happened => new ReceivedEvent(happened.Name, Attributes(happened.Attributes)))],
            (ActivityStatusCode)(span.Status?.Code ?? Span.Types.Status.Types.Code.Unset),
            span.Status?.Message ?? "");

    /// <exception cref="InvalidProtocolBufferException">The body is no such message.</exception>
    /// <exception cref="InvalidDataException">A metric is of another kind than gauge, sum and histogram.</exception>
    public static IEnumerable<ReceivedMetricPoint> Points(byte[] body) =>
        from resource in MetricsRequest.Parser.ParseFrom(body).ResourceMetrics
        from scope in resource.ScopeMetrics
        let origin = Origin(resource.Resource, scope.Scope)
        from metric in scope.Metrics
        from point in Points(origin, metric)
        select point;

    /// <exception cref="InvalidProtocolBufferException">The body is no such message.</exception>
    public static IEnumerable<ReceivedLog> Logs(byte[] body) =>
        from resource in LogsRequest.Parser.ParseFrom(body).ResourceLogs
        from scope in resource.ScopeLogs
        let origin = Origin(resource.Resource, scope.Scope)
        from log in scope.LogRecords
        select new ReceivedLog(
            origin, Value(log.Body), log.SeverityText, Attributes(log.Attributes), Hex(log.TraceId), Hex(log.SpanId));

    // The protocol has a value for an unknown kind before the others, which is to be read as internal.
    private static ActivityKind KindOf(Span.Types.Kind kind) => (ActivityKind)Math.Max((int)kind - 1, 0);

    private static IEnumerable<ReceivedMetricPoint> Points(ReceivedOrigin origin, Metric metric)
    {
        return metric.DataCase switch
        {
            Metric.DataOneofCase.Gauge => metric.Gauge.Points.Select(point => Number(MetricKind.Gauge, false, Temporality.Unspecified, point)),
            Metric.DataOneofCase.Sum => metric.Sum.Points.Select(point => Number(MetricKind.Sum, metric.Sum.IsMonotonic, metric.Sum.Temporality, point)),
            Metric.DataOneofCase.Histogram => metric.Histogram.Points.Select(point =>
                Point(MetricKind.Histogram, false, metric.Histogram.Temporality, point.Attributes, point.Sum, (long)point.Count)),
            _ => throw new InvalidDataException($"The metric {metric.Name} is no gauge, sum or histogram."),
        };

        ReceivedMetricPoint Number(MetricKind kind, bool isMonotonic, Temporality temporality, NumberPoint point) => Point(
            kind,
            isMonotonic,
            temporality,
            point.Attributes,
            point.ValueCase == NumberPoint.ValueOneofCase.AsInt ? point.AsInt : point.AsDouble,
            1);

        ReceivedMetricPoint Point(
            MetricKind kind, bool isMonotonic, Temporality temporality, RepeatedField<KeyValue> attributes, double value, long count) =>
            new(
                origin,
                metric.Name,
                metric.Unit,
                metric.Description,
                kind,
                isMonotonic,
                temporality == Temporality.Delta,
                Attributes(attributes),
                value,
                count);
    }

    private static ReceivedOrigin Origin(Resource? resource, Scope? scope) =>
        new(Attributes(resource?.Attributes ?? []), scope?.Name ?? "");

    /// <summary>The attributes by key. Keys are unique; if a sender repeats one, the last value wins.</summary>
    private static Dictionary<string, object?> Attributes(IEnumerable<KeyValue> attributes)
    {
        var values = new Dictionary<string, object?>();
        foreach (var attribute in attributes)
        {
            values[attribute.Key] = Value(attribute.Value);
        }

        return values;
    }

    private static object? Value(AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => value.StringValue,
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue,
        AnyValue.ValueOneofCase.IntValue => value.IntValue,
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue,
        AnyValue.ValueOneofCase.ArrayValue => value.ArrayValue.Values.Select(Value).ToList(),
        AnyValue.ValueOneofCase.KvlistValue => Attributes(value.KvlistValue.Values),
        AnyValue.ValueOneofCase.BytesValue => value.BytesValue.ToByteArray(),
        _ => null,
    };

    private static string Hex(ByteString id) => Convert.ToHexStringLower(id.Span);

    private static DateTimeOffset Time(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / NanosecondsPerTick));
}
