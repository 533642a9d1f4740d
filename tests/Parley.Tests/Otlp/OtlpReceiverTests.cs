using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Parley.Testing.Telemetry;
using Xunit;
using Xunit.Sdk;

namespace Parley.Tests.Otlp;

/// <summary>The receiver of the tests with the exporter that the app has, and with its settings for it.</summary>
public sealed class OtlpReceiverTests : IAsyncLifetime
{
    private const string Name = "Of these tests";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);
    private static readonly ResourceBuilder Service = ResourceBuilder.CreateEmpty().AddService("tested", autoGenerateServiceInstanceId: false);
    private OtlpReceiver receiver = null!;

    public async Task InitializeAsync() => receiver = await OtlpReceiver.StartAsync();

    public async Task DisposeAsync() => await receiver.DisposeAsync();

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    public async Task Spans_arrive_with_all_that_they_have(string compression)
    {
        var link = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, "a=1");
        using var source = new ActivitySource(Name);
        using var exporting = Sdk.CreateTracerProviderBuilder().ConfigureServices(Configure(compression))
            .AddSource(Name).SetResourceBuilder(Service).AddOtlpExporter().Build();
        using var parent = source.StartActivity("outer", ActivityKind.Server)!;
        parent.TraceStateString = "vendor=x";
        Activity inner;
        using (inner = source.StartActivity("inner", ActivityKind.Producer, parent.Context, Tags(), [new(link, new ActivityTagsCollection { ["why"] = "queue" })])!)
        {
            inner.AddEvent(new ActivityEvent("retry", tags: new ActivityTagsCollection { ["attempt"] = 2 }));
            inner.SetStatus(ActivityStatusCode.Error, "it broke: é");
        }

        parent.Stop();
        var span = await receiver.SpanAsync(span => span.Name == "inner");
        Assert.Equal(
            (Name, inner.TraceId.ToHexString(), inner.SpanId.ToHexString(), parent.SpanId.ToHexString(), "vendor=x", ActivityKind.Producer),
            (span.Origin.Scope, span.TraceId, span.SpanId, span.ParentSpanId, span.TraceState, span.Kind));
        Assert.Equal("tested", span.Origin.Resource["service.name"]);
        Assert.Equal((inner.StartTimeUtc, inner.Duration), (span.Start.UtcDateTime, span.End - span.Start));
        Assert.Equal((ActivityStatusCode.Error, "it broke: é"), (span.Status, span.StatusMessage));
        AssertTags(span.Attributes);
        var linked = Assert.Single(span.Links);
        Assert.Equal((link.TraceId.ToHexString(), link.SpanId.ToHexString(), "a=1"), (linked.TraceId, linked.SpanId, linked.TraceState));
        Assert.Equal("queue", linked.Attributes["why"]);
        var happened = Assert.Single(span.Events);
        Assert.Equal(("retry", 2L), (happened.Name, happened.Attributes["attempt"]));

        var outer = await receiver.SpanAsync(span => span.Name == "outer");
        Assert.Equal((span.TraceId, "", ActivityKind.Server, ActivityStatusCode.Unset, ""), (outer.TraceId, outer.ParentSpanId, outer.Kind, outer.Status, outer.StatusMessage));
        Assert.All(receiver.Requests, request => Assert.Equal("/v1/traces", request.Path));
        Assert.True(receiver.Contains("it broke: é"));
        Assert.False(receiver.Contains("it broke: e"));
    }

    [Fact]
    public async Task Values_of_meters_arrive_with_kind_unit_and_attributes()
    {
        using var meter = new Meter(Name);
        using var exporting = Sdk.CreateMeterProviderBuilder().ConfigureServices(Configure())
            .AddMeter(Name).SetResourceBuilder(Service).AddOtlpExporter().Build();
        var sent = meter.CreateCounter<long>("sent", "{message}", "Messages sent.");
        sent.Add(2, new KeyValuePair<string, object?>("to", "a"));
        sent.Add(3, new KeyValuePair<string, object?>("to", "a"));
        sent.Add(7, new KeyValuePair<string, object?>("to", "b"));
        meter.CreateUpDownCounter<long>("open", "{stream}").Add(-4);
        var lag = meter.CreateHistogram<double>("lag", "s");
        lag.Record(0.25);
        lag.Record(1.5);
        meter.CreateObservableGauge("depth", () => 12.5);

        // Not flushed: the settings have the exporter export each second.
        await receiver.PointAsync(point => point.Name == "sent" && (string?)point.Attributes["to"] == "a" && point.Value == 5);
        var other = await receiver.PointAsync(point => point.Name == "sent" && (string?)point.Attributes["to"] == "b");
        Assert.Equal(
            (Name, "{message}", "Messages sent.", MetricKind.Sum, true, false, 7d, 1L),
            (other.Origin.Scope, other.Unit, other.Description, other.Kind, other.IsMonotonic, other.IsDelta, other.Value, other.Count));
        var open = await receiver.PointAsync(point => point.Name == "open");
        Assert.Equal((MetricKind.Sum, false, -4d), (open.Kind, open.IsMonotonic, open.Value));
        var histogram = await receiver.PointAsync(point => point.Name == "lag");
        Assert.Equal((MetricKind.Histogram, "s", 1.75, 2L), (histogram.Kind, histogram.Unit, histogram.Value, histogram.Count));
        var gauge = await receiver.PointAsync(point => point.Name == "depth");
        Assert.Equal((MetricKind.Gauge, 12.5, "tested"), (gauge.Kind, gauge.Value, gauge.Origin.Resource["service.name"]));
    }

    [Fact]
    public async Task Log_entries_arrive_with_their_span()
    {
        using var loggers = LoggerFactory.Create(logging =>
        {
            Configure()(logging.Services);
            logging.AddOpenTelemetry(log => log.SetResourceBuilder(Service).AddOtlpExporter());
        });
        using var span = new Activity("some work").Start();
        var tags = Tags().Append(new("{OriginalFormat}", "Something happened"));
        loggers.CreateLogger("Category").Log(LogLevel.Warning, default, tags, null, (_, _) => "");
        var log = await receiver.LogAsync(log => log.Severity == "Warning");
        Assert.Equal(
            ("Category", "Something happened", span.TraceId.ToHexString(), span.SpanId.ToHexString()),
            (log.Origin.Scope, log.Body, log.TraceId, log.SpanId));
        AssertTags(log.Attributes);
    }

    [Fact]
    public async Task What_did_not_arrive_is_reported_with_what_did()
    {
        using var source = new ActivitySource(Name);
        using var exporting = Sdk.CreateTracerProviderBuilder().ConfigureServices(Configure()).AddSource(Name).AddOtlpExporter().Build();
        source.StartActivity("first")!.Dispose();
        source.StartActivity("first")!.Dispose();
        await receiver.WaitForAsync(received => received.Spans.Count == 2);
        var failed = await Assert.ThrowsAnyAsync<XunitException>(() => receiver.SpanAsync(span => span.Name == "second", Short));
        Assert.Contains("Not received: a span with span => span.Name == \"second\"", failed.Message, StringComparison.Ordinal);
        Assert.Contains($"2 × {Name}: first (Internal)", failed.Message, StringComparison.Ordinal);
        Assert.Contains("Meters: none", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1/traces", "application/x-protobuf", "")]
    [InlineData("v1/traces", "application/json", "gzip")]
    [InlineData("v1/traces", "application/json", "")]
    [InlineData("v1/profiles", "application/x-protobuf", "")]
    public async Task A_request_that_cannot_be_decoded_is_refused_and_ends_every_wait(string path, string type, string encoding)
    {
        using var http = new HttpClient { BaseAddress = receiver.Endpoint };
        using var body = new ByteArrayContent("no protobuf"u8.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        body.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        using var response = await http.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var failed = await Assert.ThrowsAnyAsync<XunitException>(() => receiver.WaitForAsync(received => received.Spans.Count > 0));
        Assert.Contains($"POST /{path} with 11 bytes of {type}", failed.Message, StringComparison.Ordinal);
    }

    private Action<IServiceCollection> Configure(string compression = "none") => services => services.AddSingleton<IConfiguration>(
        new ConfigurationBuilder().AddInMemoryCollection(receiver.Settings).AddInMemoryCollection([new("OTEL_EXPORTER_OTLP_COMPRESSION", compression)]).Build());

    private static IEnumerable<KeyValuePair<string, object?>> Tags() =>
    [
        new("text", "ä"),
        new("yes", true),
        new("number", -5_000_000_000),
        new("half", 0.5),
        new("list", new[] { "x", "y" }),
        new("bytes", new byte[] { 0, 255 }),
        new("members", new Dictionary<string, object?> { ["deep"] = 1 }),
    ];

    private static void AssertTags(IReadOnlyDictionary<string, object?> tags)
    {
        Assert.Equal(("ä", true, -5_000_000_000, 0.5), (tags["text"], tags["yes"], tags["number"], tags["half"]));
        Assert.Equal(["x", "y"], Assert.IsType<IReadOnlyList<object?>>(tags["list"], exactMatch: false));
        Assert.Equal(new byte[] { 0, 255 }, tags["bytes"]);
        Assert.Equal(1L, Assert.IsType<IReadOnlyDictionary<string, object?>>(tags["members"], exactMatch: false)["deep"]);
    }
}
