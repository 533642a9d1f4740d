using Parley.DevHost.Common;

namespace Parley.DevHost.Settings;

/// <summary>
/// The settings in the app's host.json that this host supports. Defaults are the same as on the platform.
/// </summary>
internal sealed record HostJson(string RoutePrefix, QueueSettings Queues, IConfiguration Logging)
{
    /// <exception cref="HostStartException">A setting has an invalid value.</exception>
    public static HostJson Read(string path)
    {
        using var file = File.OpenRead(path);
        var settings = new ConfigurationBuilder().AddJsonStream(file).Build();
        try
        {
            var queues = settings.GetSection("extensions:queues").Get<QueueSettings>() ?? new QueueSettings();
            queues.Check();
            var routePrefix = (settings["extensions:http:routePrefix"] ?? "api").Trim('/');
            return new HostJson(routePrefix, queues, settings.GetSection("logging"));
        }
        catch (InvalidOperationException e)
        {
            throw new HostStartException($"host.json: {e.Message}", e);
        }
    }
}

/// <summary>Settings for receiving messages, shared by all queues.</summary>
internal sealed record QueueSettings
{
    /// <summary>The shortest pause between two polls of an empty queue.</summary>
    public static readonly TimeSpan MinPollingInterval = TimeSpan.FromMilliseconds(100);

    // Limits of the Queue service: messages in one response, and the longest visibility timeout of a message.
    private const int MaxBatchSize = 32;
    private static readonly TimeSpan MaxVisibilityTimeout = TimeSpan.FromDays(7);

    /// <summary>Maximum number of messages in one receive call.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// The next batch is received when at most this many messages are in progress; null for half a batch.
    /// </summary>
    public int? NewBatchThreshold { get; init; }

    /// <summary>Maximum number of attempts to process a message.</summary>
    public int MaxDequeueCount { get; init; } = 5;

    /// <summary>The time after a failed attempt during which the message stays hidden.</summary>
    public TimeSpan VisibilityTimeout { get; init; }

    /// <summary>The longest pause between two polls of an empty queue.</summary>
    public TimeSpan MaxPollingInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Encoding of the messages. Only base64 is supported.</summary>
    public string MessageEncoding { get; init; } = "base64";

    /// <exception cref="HostStartException">A setting has an invalid value.</exception>
    public void Check()
    {
        var error = BatchSize is < 1 or > MaxBatchSize ? $"batchSize must be from 1 to {MaxBatchSize}"
            : NewBatchThreshold < 0 ? "newBatchThreshold must not be negative"
            : MaxDequeueCount < 1 ? "maxDequeueCount must be at least 1"
            : VisibilityTimeout < TimeSpan.Zero || VisibilityTimeout > MaxVisibilityTimeout
                ? "visibilityTimeout must be from 00:00:00 to 7.00:00:00"
            // The platform reads a number without colons as days, which is never intended.
            : MaxPollingInterval < MinPollingInterval || MaxPollingInterval > TimeSpan.FromDays(1)
                ? "maxPollingInterval must be from 00:00:00.1 to 1.00:00:00"
            : !MessageEncoding.Equals("base64", StringComparison.OrdinalIgnoreCase) ? "messageEncoding must be base64"
            : null;
        if (error is not null)
        {
            throw new HostStartException($"host.json: extensions.queues.{error}.");
        }
    }
}
