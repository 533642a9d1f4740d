using System.Collections.Concurrent;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Parley.Testing.Telemetry;

/// <summary>
/// A receiver of OTLP (HTTP with protobuf) on a port of 127.0.0.1: keeps all spans, values of meters and log entries
/// that programs with <see cref="Settings"/> export. Thread-safe; the collections grow while they are read.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private const string Protobuf = "application/x-protobuf";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<ReceivedSpan> spans = new();
    private readonly ConcurrentQueue<ReceivedMetricPoint> points = new();
    private readonly ConcurrentQueue<ReceivedLog> logs = new();
    private readonly ConcurrentQueue<ReceivedRequest> requests = new();
    private readonly ConcurrentQueue<string> refused = new();
    private readonly WebApplication app;

    private OtlpReceiver(WebApplication app) => this.app = app;

    public IReadOnlyCollection<ReceivedSpan> Spans => spans;

    public IReadOnlyCollection<ReceivedMetricPoint> Points => points;

    public IReadOnlyCollection<ReceivedLog> Logs => logs;

    /// <summary>The bodies of all requests, also of those that could not be decoded.</summary>
    public IReadOnlyCollection<ReceivedRequest> Requests => requests;

    /// <summary>Why requests were refused, one text each. Every wait fails when there is one.</summary>
    public IReadOnlyCollection<string> Refused => refused;

    /// <summary>The address for exporters, without a path.</summary>
    public Uri Endpoint => new(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());

    /// <summary>App settings with which a program exports to this receiver, soon after the event.</summary>
    public IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Endpoint.ToString(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
    };

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var receiver = new OtlpReceiver(builder.Build());
        receiver.app.Run(receiver.ReceiveAsync);
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>True if a request contained the text in UTF-8, in whatever field.</summary>
    public bool Contains(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return requests.Any(request => request.Body.Span.IndexOf(bytes) >= 0);
    }

    /// <summary>Waits for a span and returns the first one that matches.</summary>
    public Task<ReceivedSpan> SpanAsync(
        Func<ReceivedSpan, bool> matches, TimeSpan? limit = null, [CallerArgumentExpression(nameof(matches))] string text = "") =>
        FirstAsync(spans, matches, limit, $"a span with {text}");

    /// <summary>Waits for a value of a meter and returns the first one that matches.</summary>
    public Task<ReceivedMetricPoint> PointAsync(
        Func<ReceivedMetricPoint, bool> matches, TimeSpan? limit = null, [CallerArgumentExpression(nameof(matches))] string text = "") =>
        FirstAsync(points, matches, limit, $"a value with {text}");

    /// <summary>Waits for a log entry and returns the first one that matches.</summary>
    public Task<ReceivedLog> LogAsync(
        Func<ReceivedLog, bool> matches, TimeSpan? limit = null, [CallerArgumentExpression(nameof(matches))] string text = "") =>
        FirstAsync(logs, matches, limit, $"a log entry with {text}");

    /// <summary>
    /// Waits until the condition is true. After the limit (<see cref="Wait.Limit"/> unless given), or when a request was
    /// refused, the test fails with a list of all that has arrived.
    /// </summary>
    public async Task WaitForAsync(
        Func<OtlpReceiver, bool> condition, TimeSpan? limit = null, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition(this))
        {
            if (!refused.IsEmpty || TimeProvider.System.GetElapsedTime(began) > (limit ?? Wait.Limit))
            {
                Assert.Fail($"Not received: {text}{Environment.NewLine}{Describe()}");
            }

            await Task.Delay(Interval, TimeProvider.System, CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task<T> FirstAsync<T>(ConcurrentQueue<T> received, Func<T, bool> matches, TimeSpan? limit, string text)
        where T : class
    {
        T? first = null;
        await WaitForAsync(_ => (first = received.FirstOrDefault(matches)) is not null, limit, text);
        return first!;
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        var request = context.Request;
        var sent = new MemoryStream();
        await request.Body.CopyToAsync(sent);
        try
        {
            var body = request.Headers.ContentEncoding == "gzip" ? Unzip(sent) : sent.ToArray();
            requests.Enqueue(new ReceivedRequest(request.Path, body));
            Keep(request, body);

            // No bytes are the success message, in which no field is set.
            context.Response.ContentType = Protobuf;
            context.Response.ContentLength = 0;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException)
        {
            refused.Enqueue($"{request.Method} {request.Path} with {sent.Length} bytes of {request.ContentType}: {e.Message}");
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
    }

    /// <summary>Decodes all of the body before it keeps anything, so that a refused request leaves nothing.</summary>
    private void Keep(HttpRequest request, byte[] body)
    {
        switch (request.Method, request.ContentType, request.Path.Value)
        {
            case ("POST", Protobuf, "/v1/traces"):
                OtlpDecoder.Spans(body).ToList().ForEach(spans.Enqueue);
                break;
            case ("POST", Protobuf, "/v1/metrics"):
                OtlpDecoder.Points(body).ToList().ForEach(points.Enqueue);
                break;
            case ("POST", Protobuf, "/v1/logs"):
                OtlpDecoder.Logs(body).ToList().ForEach(logs.Enqueue);
                break;
            default:
                throw new InvalidDataException($"Only POST of {Protobuf} to /v1/traces, /v1/metrics and /v1/logs is accepted.");
        }
    }

    private static byte[] Unzip(MemoryStream zipped)
    {
        zipped.Position = 0;
        using var unzipping = new GZipStream(zipped, CompressionMode.Decompress, leaveOpen: true);
        var unzipped = new MemoryStream();
        unzipping.CopyTo(unzipped);
        return unzipped.ToArray();
    }

    private string Describe()
    {
        var text = new StringBuilder();
        Add("Refused", refused);
        Add("Spans", spans.Select(span => $"{span.Origin.Scope}: {span.Name} ({span.Kind})"));
        Add("Meters", points.Select(point => $"{point.Origin.Scope}: {point.Name} {{{string.Join(", ", point.Attributes.Select(tag => $"{tag.Key}={tag.Value}"))}}}"));
        Add("Log entries", logs.Select(log => $"{log.Origin.Scope}: {log.Severity}"));
        return text.ToString();

        void Add(string title, IEnumerable<string> lines)
        {
            var counts = lines.CountBy(line => line).OrderBy(line => line.Key, StringComparer.Ordinal).ToList();
            text.AppendLine(counts.Count == 0 ? $"{title}: none" : $"{title}:");
            counts.ForEach(line => text.AppendLine($"  {line.Value} × {line.Key}"));
        }
    }
}
