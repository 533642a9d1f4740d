using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Parley.Core;

namespace Parley.Functions.Observability;

/// <summary>
/// Exports spans, meters and log lines by OpenTelemetry: to Application Insights when its connection string is set, and
/// to any OTLP receiver when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is. Without either, nothing is recorded.
/// </summary>
internal static class TelemetryExport
{
    private const string MonitorSetting = "APPLICATIONINSIGHTS_CONNECTION_STRING";
    private const string OtlpSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ProtocolSetting = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private const string HeadersSetting = "OTEL_EXPORTER_OTLP_HEADERS";

    /// <summary>Names the identity that may send to Application Insights; the Functions host reads it too.</summary>
    private const string IdentitySetting = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <exception cref="StartUpException">A setting is invalid.</exception>
    public static void AddTelemetryExport(this FunctionsApplicationBuilder builder)
    {
        var monitor = builder.Configuration[MonitorSetting];
        if (!string.IsNullOrEmpty(monitor) && !monitor.Contains("InstrumentationKey=", StringComparison.OrdinalIgnoreCase))
        {
            throw new StartUpException($"{MonitorSetting} must be a connection string of Application Insights.");
        }

        var hasOtlp = IsOtlpSet(builder.Configuration);
        if (string.IsNullOrEmpty(monitor) && !hasOtlp)
        {
            return;
        }

        // Azure's packages have no spans without this switch ("Enabling experimental tracing features", Azure.Core).
        AppContext.SetSwitch("Azure.Experimental.EnableActivitySource", true);
        var telemetry = builder.Services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithTracing(tracing => tracing
                .AddSource(Telemetry.Name, PrivateSpans.StorageSource)
                .AddProcessor(new PrivateSpans()))
            .WithMetrics(metrics => metrics
                .AddMeter(Telemetry.Name, Telemetry.RequestMeter)
                .AddView("http.server.active_requests", MetricStreamConfiguration.Drop))
            .WithLogging(null, options => options.IncludeFormattedMessage = true);
        if (!string.IsNullOrEmpty(monitor))
        {
            telemetry.UseAzureMonitorExporter(options =>
            {
                options.ConnectionString = monitor;
                options.Credential = CredentialOf(builder.Configuration[IdentitySetting]);

                // Traces are sampled, log lines are not: they are few, and the only record of a failure.
                options.EnableTraceBasedLogsSampler = false;

                // Paid for, and known already: the platform measures processor time and memory, the host its requests,
                // and Parley its calls.
                options.EnablePerformanceCounters = false;
                options.EnableStandardMetrics = false;
                options.EnableLiveMetrics = false;
            });
        }

        if (hasOtlp)
        {
            telemetry.UseOtlpExporter();
        }
    }

    /// <summary>The exporter itself would ignore a malformed setting, and send to this machine.</summary>
    private static bool IsOtlpSet(ConfigurationManager configuration)
    {
        if (configuration[OtlpSetting] is not { Length: > 0 } endpoint)
        {
            return false;
        }

        var isUrl = Uri.TryCreate(endpoint, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps);
        var headers = configuration[HeadersSetting] ?? "";
        if (headers.Length > 0 && !headers.Split(',').All(header => header.IndexOf('=', StringComparison.Ordinal) > 0))
        {
            throw new StartUpException($"{HeadersSetting} must be name=value, separated by commas.");
        }

        var protocol = configuration[ProtocolSetting];
        return !isUrl ? throw new StartUpException($"{OtlpSetting} must be an absolute http or https URL.")
            : protocol is null or "" or "grpc" or "http/protobuf" ? true
            : throw new StartUpException($"{ProtocolSetting} must be grpc or http/protobuf.");
    }

    /// <param name="setting">Such as <c>ClientId=…;Authorization=AAD</c>; null or empty for no identity.</param>
    internal static ManagedIdentityCredential? CredentialOf(string? setting)
    {
        var parts = (setting ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2))
            .Where(part => part.Length == 2)
            .ToLookup(part => part[0], part => part[1], StringComparer.OrdinalIgnoreCase);
        return parts["Authorization"].LastOrDefault() != "AAD" ? null
            : parts["ClientId"].LastOrDefault() is { Length: > 0 } client
                ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(client))
                : new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned);
    }
}
