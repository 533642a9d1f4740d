using System.Text.Json;
using Parley.DevHost.Common;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>One function of the app, from the worker's metadata.</summary>
internal sealed record AppFunction(string Name, string Id, TriggerBinding Trigger)
{
    /// <exception cref="HostStartException">The function has a binding that this host does not support.</exception>
    public static AppFunction Read(RpcFunctionMetadata metadata)
    {
        var bindings = metadata.RawBindings
            .Select(binding => JsonSerializer.Deserialize<TriggerBinding>(binding, JsonSerializerOptions.Web)!)
            .ToList();
        var triggers = bindings
            .Where(binding => binding.Type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase))
            .ToList();
        if (triggers is not [{ IsHttp: true } or { IsQueue: true } or { IsTimer: true }])
        {
            var types = string.Join(", ", triggers.Select(trigger => trigger.Type));
            throw Unsupported(
                metadata.Name,
                $"its triggers are [{types}]; "
                + "this host has httpTrigger, queueTrigger and timerTrigger, one for each function");
        }

        // The output binding of an HTTP function needs no support: the worker itself responds to the forwarded request.
        var others = bindings
            .Except(triggers)
            .Where(binding => !binding.Type.Equals("http", StringComparison.OrdinalIgnoreCase))
            .ToList();
        return others.Count == 0
            ? new AppFunction(metadata.Name, metadata.FunctionId, triggers[0])
            : throw Unsupported(
                metadata.Name,
                $"this host has no binding {string.Join(", ", others.Select(binding => binding.Type))}");
    }

    /// <summary>
    /// The request to load the function. The host must add the bindings, parsed from the worker's raw bindings.
    /// </summary>
    public static FunctionLoadRequest LoadRequest(RpcFunctionMetadata metadata)
    {
        var complete = metadata.Clone();
        foreach (var raw in metadata.RawBindings)
        {
            var binding = JsonSerializer.Deserialize<TriggerBinding>(raw, JsonSerializerOptions.Web)!;
            complete.Bindings[binding.Name] = new BindingInfo
            {
                Type = binding.Type,
                Direction = Enum.Parse<BindingInfo.Types.Direction>(binding.Direction, ignoreCase: true),
            };
        }

        return new FunctionLoadRequest { FunctionId = metadata.FunctionId, Metadata = complete };
    }

    /// <summary>The error to throw if this host cannot run the function.</summary>
    public HostStartException Unsupported(string why, Exception? cause = null) => Unsupported(Name, why, cause);

    private static HostStartException Unsupported(string name, string why, Exception? cause = null) =>
        new($"Function {name}: {why}.", cause!);
}

/// <summary>A binding of a function. Members that its type does not have are null.</summary>
internal sealed record TriggerBinding
{
    /// <summary>The name of the function's parameter.</summary>
    public required string Name { get; init; }

    public required string Type { get; init; }

    public string Direction { get; init; } = "in";

    /// <summary>HTTP methods of an HTTP trigger; null or empty for all.</summary>
    public string[]? Methods { get; init; }

    /// <summary>Route of an HTTP trigger, without the route prefix; null or blank for the function's name.</summary>
    public string? Route { get; init; }

    /// <summary>The authorization level of an HTTP trigger: the kind of function key that it requires.</summary>
    public string? AuthLevel { get; init; }

    /// <summary>The queue's name, or the name of a setting between percent signs.</summary>
    public string? QueueName { get; init; }

    /// <summary>The name of the setting with the storage connection string of a queue trigger.</summary>
    public string? Connection { get; init; }

    /// <summary>The schedule of a timer trigger, or the name of a setting between percent signs.</summary>
    public string? Schedule { get; init; }

    public bool IsHttp => Type.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase);

    public bool IsQueue => Type.Equals("queueTrigger", StringComparison.OrdinalIgnoreCase);

    public bool IsTimer => Type.Equals("timerTrigger", StringComparison.OrdinalIgnoreCase);
}
