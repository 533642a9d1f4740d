using System.Diagnostics;
using System.Net;
using Parley.Tenants.Tokens;
using Parley.Tests.Webhooks;
using Parley.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Core;

/// <summary>
/// Requests to other parties in a running trace: .NET would add the trace's id, its state and its baggage to them.
/// </summary>
public class NoTraceLeavesTests
{
    [Fact]
    public async Task A_provider_gets_no_trace()
    {
        using var server = new Receiver(stream => stream.WriteAsync(Chunked(Text("a") + Finish() + Done)).AsTask());

        await InTraceAsync(() => ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System));

        AssertNoTrace(server);
    }

    [Fact]
    public async Task An_issuer_gets_no_trace()
    {
        using var server = new Receiver("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        using var client = IssuerDocuments.NewClient();

        await InTraceAsync(() => new IssuerDocuments(client, permitsHttp: true)
            .GetDocumentAsync($"http://127.0.0.1:{server.Port}/keys", CancellationToken.None));

        AssertNoTrace(server);
    }

    [Fact]
    public async Task A_webhook_receiver_gets_no_trace()
    {
        using var server = new Receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var client = new WebhookClient(
            AllowedHosts.Parse("localhost"), TimeProvider.System, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));

        await InTraceAsync(() => client.SendAsync(
            $"http://localhost:{server.Port}/", "{}"u8.ToArray(), [], CancellationToken.None));

        AssertNoTrace(server);
    }

    /// <summary>The check can fail: an ordinary client sends the trace.</summary>
    [Fact]
    public async Task An_ordinary_client_sends_it()
    {
        using var server = new Receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        using var client = new HttpClient();

        await InTraceAsync(() => client.GetAsync(new Uri($"http://127.0.0.1:{server.Port}/")));

        Assert.Contains("canary", server.Request.Head, StringComparison.Ordinal);
        Assert.Contains("\r\ntraceparent:", server.Request.Head, StringComparison.Ordinal);
    }

    private static async Task InTraceAsync<T>(Func<Task<T>> send)
    {
        using var trace = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).AddBaggage("canary", "of the baggage");
        trace.TraceStateString = "canary=state";
        trace.Start();
        await send();
    }

    private static void AssertNoTrace(Receiver server)
    {
        Assert.StartsWith("HTTP/1.1\r\n", server.Request.Head[server.Request.Head.IndexOf("HTTP", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.DoesNotContain("canary", server.Request.Head, StringComparison.OrdinalIgnoreCase);
        foreach (var header in new[] { "traceparent", "tracestate", "baggage", "Request-Id", "Correlation-Context" })
        {
            Assert.DoesNotContain($"\r\n{header}:", server.Request.Head, StringComparison.OrdinalIgnoreCase);
        }
    }
}
