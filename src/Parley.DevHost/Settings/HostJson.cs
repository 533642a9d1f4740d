using Parley.DevHost.Common;

namespace Parley.DevHost.Settings;

/// <summary>What this host follows of the app's host.json; what the file does not say is as on the platform.</summary>
internal sealed record HostJson(string RoutePrefix, QueueSettings Queues, IConfiguration Logging)
{
    /// <summary>Reads the file.</summary>
    /// <exception cref="HostStartException">A setting has no possible value.</exception>
    public static HostJson Read(string path)
    {
        using var file = File.OpenRead(path);
        var settings = new ConfigurationBuilder().AddJsonStream(file).Build();
        try
        {
            var queues = settings.GetSection("extensions:queues").Get<QueueSettings>() ?? new QueueSettings();
            queues.Check();
            return new HostJson((settings["extensions:http:routePrefix"] ?? "api").Trim('/'), queues, settings.GetSection("logging"));
        }
        catch (InvalidOperationException e)
        {
            throw new HostStartException($"host.json: {e.Message}", e);
        }
    }
}

/// <summary>How queues are listened to; it holds for all of them.</summary>
internal sealed record QueueSettings
{
    /// <summary>The shortest pause between two looks at an empty queue.</summary>
    public static readonly TimeSpan MinPollingInterval = TimeSpan.FromMilliseconds(100);

    // Limits of the Queue service: messages in one answer, and the longest time that a message is hidden.
    private const int MaxBatchSize = 32;
    private static readonly TimeSpan MaxVisibilityTimeout = TimeSpan.FromDays(7);

    /// <summary>How many messages are received at once.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>The next batch is received when no more than this many messages are being handled; half a batch unless set.</summary>
    public int? NewBatchThreshold { get; init; }

    /// <summary>How often a message is tried.</summary>
    public int MaxDequeueCount { get; init; } = 5;

    /// <summary>How long a message rests after a failed try.</summary>
    public TimeSpan VisibilityTimeout { get; init; }

    /// <summary>The longest pause between two looks at an empty queue.</summary>
    public TimeSpan MaxPollingInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How messages are written.</summary>
    public string MessageEncoding { get; init; } = "base64";

    /// <summary>Refuses what cannot be.</summary>
    public void Check()
    {
        var wrong = BatchSize is < 1 or > MaxBatchSize ? $"batchSize must be from 1 to {MaxBatchSize}"
            : NewBatchThreshold < 0 ? "newBatchThreshold must not be negative"
            : MaxDequeueCount < 1 ? "maxDequeueCount must be at least 1"
            : VisibilityTimeout < TimeSpan.Zero || VisibilityTimeout > MaxVisibilityTimeout ? "visibilityTimeout must be from 00:00:00 to 7.00:00:00"
            // A bare number is so many days to the platform, which nobody means.
            : MaxPollingInterval < MinPollingInterval || MaxPollingInterval > TimeSpan.FromDays(1) ? "maxPollingInterval must be from 00:00:00.1 to 1.00:00:00"
            : !MessageEncoding.Equals("base64", StringComparison.OrdinalIgnoreCase) ? "messageEncoding must be base64"
            : null;
        if (wrong is not null)
        {
            throw new HostStartException($"host.json: extensions.queues.{wrong}.");
        }
    }
}
