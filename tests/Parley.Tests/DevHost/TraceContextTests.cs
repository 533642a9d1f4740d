using System.Diagnostics;
using Microsoft.Extensions.Primitives;
using Parley.DevHost.Worker;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class TraceContextTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";

    /// <summary>Headers that are no traceparent, by https://www.w3.org/TR/trace-context/#traceparent-header.</summary>
    public static TheoryData<string> Invalid =>
    [
        "a",
        $"00-{Trace}-{Span}",
        $"00-{Trace}-{Span}-",
        $"00-{Trace}-{Span}-0",
        $"00-{Trace}-{Span}-01-extra",
        $"00-{Trace}-{Span}-01.",
        $"00_{Trace}-{Span}-01",
        $"00-{Trace.ToUpperInvariant()}-{Span}-01",
        $"00-{Trace}-{Span.ToUpperInvariant()}-01",
        $"00-{Trace}-{Span}-0G",
        $"00-{Trace}-{Span}-0A",
        $"0-{Trace}-{Span}-01",
        $"FF-{Trace}-{Span}-01",
        $"ff-{Trace}-{Span}-01",
        $"00-{new string('0', 32)}-{Span}-01",
        $"00-{Trace}-{new string('0', 16)}-01",
        $"00-{Trace[..31]}g-{Span}-01",
        $"00-{Trace}-{Span[..15]}g-01",
        $"01-{Trace}-{Span}-01extra",
    ];

    [Theory]
    [InlineData("00", "01", "")]
    [InlineData("00", "00", "")]
    [InlineData("cc", "01", "")]
    [InlineData("cc", "01", "-of a later version")]
    [InlineData("cc", "fe", "", "00")]
    [InlineData("00", "03", "", "01")]
    public void The_trace_of_a_client_goes_on_with_another_span(string version, string flags, string rest, string? kept = null)
    {
        var trace = TraceContext.Continue($"{version}-{Trace}-{Span}-{flags}{rest}", new StringValues(["a=1", "b=2"]));
        Assert.Equal(("00", Trace, kept ?? flags, "a=1,b=2"), (Version(trace), TraceId(trace), trace.Parent.Split('-')[3], trace.State));
        Assert.NotEqual(Span, trace.Parent.Split('-')[2]);
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_invalid_traceparent_starts_a_recorded_trace_without_the_state_of_the_client(string parent) =>
        AssertNew(TraceContext.Continue(parent, "a=1"));

    [Fact]
    public void No_traceparent_and_two_of_them_start_a_trace()
    {
        AssertNew(TraceContext.Continue(StringValues.Empty, "a=1"));
        AssertNew(TraceContext.Continue(new StringValues([$"00-{Trace}-{Span}-01", $"00-{Trace}-{Span}-01"]), "a=1"));
        Assert.NotEqual(TraceId(TraceContext.New()), TraceId(TraceContext.New()));
    }

    [Fact]
    public async Task The_request_and_its_invocation_have_the_same_trace_of_the_client()
    {
        var lines = await GetTraceAsync($"00-{Trace}-{Span}-01", "vendor=x");
        Assert.StartsWith($"00-{Trace}-", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain(Span, lines[0], StringComparison.Ordinal);
        Assert.Equal([lines[0], "vendor=x", lines[0], "vendor=x"], lines);
    }

    [Theory]
    [InlineData(null)]
    [InlineData($"00-{Trace}-{Span}-0G")]
    public async Task The_request_and_its_invocation_have_a_trace_of_their_own_otherwise(string? parent)
    {
        var lines = await GetTraceAsync(parent, "vendor=x");
        Assert.True(ActivityContext.TryParse(lines[0], null, out var trace));
        Assert.NotEqual(Trace, trace.TraceId.ToHexString());
        Assert.Equal([lines[0], "", lines[0], ""], lines);
        Assert.NotEqual(lines[0], (await GetTraceAsync(parent, "vendor=x"))[0]);
    }

    [Fact]
    public async Task Every_message_and_every_tick_has_a_trace_of_its_own()
    {
        var runs = Directory.CreateTempSubdirectory("parley-runs-");
        var queue = await TestQueue.CreateAsync("one", "two");
        await using (await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["TestSchedule"] = "* * * * * *",
            ["TestQueue"] = queue.Name,
            ["Test__Runs"] = runs.FullName,
        }))
        {
            await Eventually.TrueAsync(() => Lines().Count(line => line is "one" or "two") == 2 && Lines().Count(line => line.EndsWith("tick", StringComparison.Ordinal)) >= 2);
        }

        var traces = Lines().Where(line => line.StartsWith("trace ", StringComparison.Ordinal)).Select(line =>
        {
            Assert.True(ActivityContext.TryParse(line["trace ".Length..], null, out var trace), line);
            Assert.Equal(ActivityTraceFlags.Recorded, trace.TraceFlags);
            return trace.TraceId;
        }).ToList();
        Assert.Equal(Lines().Count / 2, traces.Count);
        Assert.Equal(traces.Count, traces.Distinct().Count());
        await queue.Client.DeleteAsync();
        runs.Delete(recursive: true);

        List<string> Lines() => [.. runs.EnumerateFiles().SelectMany(file =>
        {
            using var reader = new StreamReader(file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        })];
    }

    private static void AssertNew(TraceContext trace)
    {
        Assert.Equal(("00", "01", ""), (Version(trace), trace.Parent.Split('-')[3], trace.State));
        Assert.NotEqual(Trace, TraceId(trace));
        Assert.True(ActivityContext.TryParse(trace.Parent, null, out _));
    }

    private static string Version(TraceContext trace) => trace.Parent.Split('-')[0];

    private static string TraceId(TraceContext trace) => trace.Parent.Split('-')[1];

    /// <summary>traceparent and tracestate that the worker's web server received, and those of the invocation.</summary>
    private async Task<string[]> GetTraceAsync(string? parent, string state)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/test/trace");
        if (parent is not null)
        {
            request.Headers.TryAddWithoutValidation("traceparent", parent);
        }

        request.Headers.TryAddWithoutValidation("tracestate", state);
        using var response = await shared.Client.SendAsync(request);
        return (await response.Content.ReadAsStringAsync()).Split('\n');
    }
}
