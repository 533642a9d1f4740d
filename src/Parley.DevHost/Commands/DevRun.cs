using System.Collections;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using Parley.DevHost.Common;
using Parley.DevHost.Emulator;
using Parley.Tenants;

namespace Parley.DevHost.Commands;

/// <summary>
/// The command <c>./dev run</c>: starts storage and the host, creates the demo tenant and prints the banner.
/// </summary>
internal sealed class DevRun(RunOptions options)
{
    private const string App = "Parley.Functions";
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static readonly string LocalJson = Path.Combine(Repository.Artifacts, "local.json");

    /// <summary>Serves until the token is cancelled.</summary>
    /// <exception cref="HostStartException">The host or its storage cannot start, or Azurite ended.</exception>
    public async Task ServeAsync(CancellationToken stop)
    {
        CheckPort(options.Port);
        using var directory = options.DataDirectory is null ? null : LockDirectory(options.DataDirectory);
        var kept = options.DataDirectory is null ? null : LocalAccess.Read(KeptJson);
        var settings = Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        if (string.IsNullOrEmpty(settings.GetValueOrDefault("Parley__AdminKey")))
        {
            settings["Parley__AdminKey"] =
                kept?.AdminKey ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        }

        CheckAdminKey(settings["Parley__AdminKey"]!);
        settings.TryAdd("FollowUpSchedule", "0 * * * * *");
        settings.TryAdd("ExportSchedule", "30 * * * * *");
        settings.TryAdd("AssistantSchedule", "15 * * * * *");
        settings.TryAdd("HousekeepingSchedule", "0 */15 * * * *");
        settings.TryAdd("WatchSchedule", "45 */5 * * * *");
        settings.TryAdd("Exports__SettleSeconds", "1");
        settings.TryAdd("Callbacks__AllowedHosts", "localhost");

        // High enough for every test, and there so that responses have their RateLimit fields.
        settings.TryAdd("Limits__Tenant__Requests", "1000000/3600s");
        AddAssistant(settings);
        Console.WriteLine(TelemetryLine(settings));

        // Started in parallel, because each takes most of a second.
        var starting = StartStorageAsync(settings, stop);
        var listening = FunctionsHost.ListenAsync(Repository.Program(App), options.Port, stop);
        await Task.WhenAll(starting, listening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await using var azurite = starting.IsCompletedSuccessfully ? await starting : null;
        await using var host = await listening;
        await starting;

        // Scripts wait for this file to appear: a file of the previous run must not be there.
        File.Delete(LocalJson);
        await ServeAsync(host, settings, stop);
        var api = new UriBuilder(host.Api) { Host = "localhost" }.Uri;
        var adminKey = settings["Parley__AdminKey"]!;
        var access = kept is not null && await AcceptsKeyAsync(api, kept, stop)
            ? kept with { BaseUrl = api.ToString().TrimEnd('/'), AdminKey = adminKey }
            : await CreateDemoTenantAsync(api, adminKey, stop);
        if (options.DataDirectory is not null)
        {
            access.Write(KeptJson);
        }

        if (options.Demo)
        {
            await DemoConversations.CreateAsync(api, access.ApiKey, stop);
            await CreateKeysOfDialectsAsync(api, access, stop);
        }

        access.Write(LocalJson);
        Console.WriteLine(Banner(access));
        await WaitAsync(azurite, stop);
        Console.WriteLine("Stopping: running requests finish first. Ctrl+C again ends at once.");
    }

    /// <summary>
    /// Waits for the stop signal. The end of Azurite is an error, because without storage Parley can only return 503.
    /// </summary>
    private static async Task WaitAsync(Azurite? azurite, CancellationToken stop)
    {
        var ended = azurite?.Ended ?? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        await ended.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stop.IsCancellationRequested)
        {
            throw new HostStartException(
                $"Azurite ended; it wrote: {azurite!.Output}. Start again; data of --data is kept.");
        }
    }

    private string KeptJson => Path.Combine(options.DataDirectory!, "local.json");

    /// <summary>Fails early if the port is in use, before anything is started or deleted.</summary>
    private static void CheckPort(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? FunctionsHost.PortInUse(port, e)
                : new HostStartException($"Port {port} cannot be used: {e.Message}. Choose another with --port N.", e);
        }
    }

    /// <summary>
    /// Locks the directory, because two emulators on one directory would overwrite each other's data.
    /// </summary>
    private static FileStream LockDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostStartException($"--data {directory} cannot be used: {e.Message}", e);
        }

        try
        {
            return new FileStream(
                Path.Combine(directory, "in-use.lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostStartException(
                $"--data {directory} is in use by another run, or cannot be written: {e.Message}",
                e);
        }
    }

    /// <summary>
    /// Rejects an admin key that no client can send, or that the app does not accept: it would lock out all clients.
    /// </summary>
    private static void CheckAdminKey(string key)
    {
        if (!key.All(c => c is > ' ' and <= '~'))
        {
            throw new HostStartException(
                "Parley__AdminKey must be printable ASCII without spaces: clients send it in a header.");
        }

        if (AdminKey.FindProblem(key) is { } problem)
        {
            throw new HostStartException(problem);
        }
    }

    /// <summary>
    /// Adds a provider of scripted replies unless the settings have a provider: without one, no chatbot can be created.
    /// </summary>
    private static void AddAssistant(Dictionary<string, string?> settings)
    {
        if (settings.Keys.Any(name => name.StartsWith("Providers__", StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        settings["Providers__main__Type"] = "scripted";
        Console.WriteLine(
            "Assistants: scripted replies, not a model's. "
            + "For a model's, set Providers__main__Endpoint, Providers__main__Key and Providers__main__Model.");
    }

    /// <summary>The line that says where the worker exports traces and meters to, or how to see them.</summary>
    internal static string TelemetryLine(IReadOnlyDictionary<string, string?> settings)
    {
        if (settings.GetValueOrDefault(OtlpEndpoint) is { Length: > 0 } endpoint)
        {
            // A user name and a password are not for the terminal.
            var shown = Uri.TryCreate(endpoint, UriKind.Absolute, out var url)
                ? url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
                : endpoint;
            return $"Telemetry: to {shown}";
        }

        return string.IsNullOrEmpty(settings.GetValueOrDefault("APPLICATIONINSIGHTS_CONNECTION_STRING"))
            ? "Telemetry: not exported. To see traces, start a dashboard that speaks OTLP (for example the standalone "
                + $"Aspire dashboard or otel-desktop-viewer), then run: {OtlpEndpoint}=http://localhost:4317 ./dev run"
            : "Telemetry: to Application Insights";
    }

    private async Task<Azurite?> StartStorageAsync(Dictionary<string, string?> settings, CancellationToken stop)
    {
        if (!string.IsNullOrEmpty(settings.GetValueOrDefault("AzureWebJobsStorage")))
        {
            Console.WriteLine("Storage: the account of AzureWebJobsStorage in the environment."
                + (options.DataDirectory is null ? "" : " --data keeps only the demo tenant's keys there."));
            return null;
        }

        var azurite = await Azurite.StartAsync(options.DataDirectory, Console.WriteLine, stop);
        var location = options.DataDirectory is { } data ? $"data in {data}" : "in memory";
        Console.WriteLine($"Storage: Azurite, {location}.");
        settings["AzureWebJobsStorage"] = azurite.ConnectionString;
        return azurite;
    }

    private Task ServeAsync(FunctionsHost host, Dictionary<string, string?> settings, CancellationToken stop)
    {
        // The worker's start-up hook prints the id of the process to attach to.
        if (options.Attach)
        {
            Console.WriteLine("Waiting for a debugger to attach to the worker process.");
        }

        return host.ServeAsync(
            new FunctionsHostOptions
            {
                Settings = settings,
                Worker = Repository.Program(App),
                IsIsolated = options.Isolated,
                WaitsForDebugger = options.Attach,
            },
            stop);
    }

    private static async Task<bool> AcceptsKeyAsync(Uri api, LocalAccess kept, CancellationToken stop)
    {
        using var http = new HttpClient
        {
            BaseAddress = api,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", kept.ApiKey) },
        };
        using var response = await http.GetAsync("v1/conversations/1", stop);
        return response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound;
    }

    private static async Task<LocalAccess> CreateDemoTenantAsync(Uri api, string adminKey, CancellationToken stop)
    {
        using var admin = new AdminClient(api, adminKey);
        var demo = await admin.CreateTenantAsync("Demo", "Demo key", stop);
        return new LocalAccess(api.ToString().TrimEnd('/'), demo.Tenant, demo.ApiKey, adminKey, demo.WebhookSecret);
    }

    private static async Task CreateKeysOfDialectsAsync(Uri api, LocalAccess access, CancellationToken stop)
    {
        using var admin = new AdminClient(api, access.AdminKey);
        foreach (var dialect in Enum.GetValues<Dialect>().Where(dialect => dialect != Dialect.Parley))
        {
            var key = await admin.CreateKeyAsync(access.Tenant, $"Demo key of {dialect.Name()}", dialect, stop);
            Console.WriteLine($"Key for clients of {dialect.Name(),-9} {key}");
        }
    }

    private string Banner(LocalAccess access)
    {
        var number = options.Demo || options.DataDirectory is not null ? "N" : "1";
        var conversations = $"{access.BaseUrl}/v1/conversations";
        var authorization = $"-H 'Authorization: Bearer {access.ApiKey}'";
        const string Json = "-H 'Content-Type: application/json'";
        const string NewKey =
            """{"label":"Shop","scopes":["messages:read","messages:write","assistants:use"],"dialect":"maiagent"}""";
        const string Question = """{"isStreaming":true,"message":{"content":"Who are you?"} }""";
        var chatbots = $"{access.BaseUrl}/v1/chatbots";
        return $$"""

            Parley serves {{access.BaseUrl}}
              tenant   {{access.Tenant}}
              API key  {{access.ApiKey}}
              more     artifacts/local.json

            Try, one after another{{(number == "N" ? "; N is the \"number\" in the answer before" : "")}}:
              curl -s {{authorization}} {{Json}} -d '{"title":"Hello"}' {{conversations}}
              curl -s {{authorization}} {{Json}} -d '{"message":"Hi there"}' {{conversations}}/{{number}}/messages
              curl -s {{authorization}} {{conversations}}/{{number}}/messages
              curl -s {{authorization}} {{Json}} -d '{"name":"Ada"}' {{chatbots}}
              curl -sN {{authorization}} {{Json}} -d '{{Question}}' {{chatbots}}/{{number}}/completions
              curl -s -u '1:{{access.ApiKey}}' -d grant_type=client_credentials {{access.BaseUrl}}/v1/oauth/token

            A key for clients of another API, one of flextell, maiagent and zaia (docs/dialects.md):
              curl -s {{authorization}} {{Json}} -d '{{NewKey}}' {{access.BaseUrl}}/v1/keys

            Ctrl+C stops it.

            """;
    }
}
