using Parley.DevHost.Commands;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class DevRunTests
{
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317", "Telemetry: to http://localhost:4317")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=a", "Telemetry: to Application Insights")]
    public void The_line_on_telemetry_says_where_it_goes(string name, string value, string expected) =>
        Assert.Equal(expected, DevRun.TelemetryLine(new Dictionary<string, string?> { [name] = value }));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void The_line_on_telemetry_says_how_to_see_it(string? endpoint)
    {
        var line = DevRun.TelemetryLine(new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint });
        Assert.StartsWith("Telemetry: not exported.", line, StringComparison.Ordinal);
        Assert.EndsWith("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 ./dev run", line, StringComparison.Ordinal);
    }
}
