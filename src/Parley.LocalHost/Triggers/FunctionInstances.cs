using Microsoft.Azure.Functions.Worker;

namespace Parley.LocalHost.Triggers;

/// <summary>The app's timer and queue functions, each in an instance of its own.</summary>
internal sealed partial class FunctionInstances(IConfiguration configuration, QueueSettings queues, ILogger<FunctionInstances> logger) : IAsyncDisposable
{
    private readonly Dictionary<string, FunctionInstance> instances = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes an instance of each function whose settings are there, over services of its own.</summary>
    /// <exception cref="HostStartException">One of them cannot run here.</exception>
    public void Make(IEnumerable<BackgroundFunction> functions, Func<IHost> newServices)
    {
        foreach (var function in functions)
        {
            var written = function.Trigger is QueueTriggerAttribute queue ? queue.QueueName : ((TimerTriggerAttribute)function.Trigger).Schedule;
            if (Resolve(written) is not { Length: > 0 } queueOrSchedule)
            {
                LogDisabled(function.Name, written);
                continue;
            }

            var services = newServices();
            try
            {
                instances.Add(function.Name, new FunctionInstance(function, queueOrSchedule, services, queues));
            }
            catch
            {
                services.Dispose();
                throw;
            }
        }
    }

    /// <summary>Starts them.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var instance in instances.Values)
        {
            await instance.StartAsync(cancellationToken);
        }
    }

    /// <summary>The instance of the function with this name; null for HTTP, disabled and unknown functions.</summary>
    public FunctionInstance? Find(string name) => instances.GetValueOrDefault(name);

    /// <summary>Takes nothing new and lets what runs finish.</summary>
    public Task StopAsync() => Task.WhenAll(instances.Values.Select(instance => instance.StopAsync()));

    /// <summary>Disposes all services.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var instance in instances.Values)
        {
            await instance.DisposeAsync();
        }
    }

    /// <summary>The text, or the value of the setting that it names. The platform's scaling knows flat settings only: here, too, nothing in a section is found.</summary>
    private string? Resolve(string text) => text is not ['%', .. var name, '%'] ? text : name.Contains(':', StringComparison.Ordinal) ? null : configuration[name];

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Function {Function} does not run: its trigger needs the setting {Setting}, which is missing or empty.")]
    partial void LogDisabled(string function, string setting);
}
