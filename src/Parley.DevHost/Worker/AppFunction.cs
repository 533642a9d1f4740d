using System.Text.Json;
using Parley.DevHost.Common;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>One function of the app, as its worker describes it.</summary>
internal sealed record AppFunction(string Name, string Id, TriggerBinding Trigger)
{
    /// <summary>Reads the worker's description.</summary>
    /// <exception cref="HostStartException">The function has a binding that this host does not have.</exception>
    public static AppFunction Read(RpcFunctionMetadata metadata)
    {
        var bindings = metadata.RawBindings.Select(binding => JsonSerializer.Deserialize<TriggerBinding>(binding, JsonSerializerOptions.Web)!).ToList();
        var triggers = bindings.Where(binding => binding.Type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase)).ToList();
        if (triggers is not [{ IsHttp: true } or { IsQueue: true } or { IsTimer: true }])
        {
            throw Unsupported(metadata.Name, $"its triggers are [{string.Join(", ", triggers.Select(trigger => trigger.Type))}]; this host has httpTrigger, queueTrigger and timerTrigger, one for each function");
        }

        // The response of an HTTP function is a binding too, and it is written to the forwarded request.
        var others = bindings.Except(triggers).Where(binding => !binding.Type.Equals("http", StringComparison.OrdinalIgnoreCase)).ToList();
        return others.Count == 0
            ? new AppFunction(metadata.Name, metadata.FunctionId, triggers[0])
            : throw Unsupported(metadata.Name, $"this host has no binding {string.Join(", ", others.Select(binding => binding.Type))}");
    }

    /// <summary>The message that makes the worker load the function: its description, with the bindings that a host reads from it.</summary>
    public static FunctionLoadRequest LoadRequest(RpcFunctionMetadata metadata)
    {
        var complete = metadata.Clone();
        foreach (var raw in metadata.RawBindings)
        {
            var binding = JsonSerializer.Deserialize<TriggerBinding>(raw, JsonSerializerOptions.Web)!;
            complete.Bindings[binding.Name] = new BindingInfo { Type = binding.Type, Direction = Enum.Parse<BindingInfo.Types.Direction>(binding.Direction, ignoreCase: true) };
        }

        return new FunctionLoadRequest { FunctionId = metadata.FunctionId, Metadata = complete };
    }

    /// <summary>Says why this host cannot run the function.</summary>
    public HostStartException Unsupported(string why, Exception? cause = null) => Unsupported(Name, why, cause);

    private static HostStartException Unsupported(string name, string why, Exception? cause = null) => new($"Function {name}: {why}.", cause!);
}

/// <summary>A binding of a function. Which members it has depends on its type.</summary>
internal sealed record TriggerBinding
{
    /// <summary>The parameter that takes its value.</summary>
    public required string Name { get; init; }

    public required string Type { get; init; }

    public string Direction { get; init; } = "in";

    /// <summary>Methods of an HTTP trigger; none means all.</summary>
    public string[]? Methods { get; init; }

    /// <summary>Route of an HTTP trigger, below the prefix; none means the function's name.</summary>
    public string? Route { get; init; }

    /// <summary>Whose key an HTTP trigger asks for.</summary>
    public string? AuthLevel { get; init; }

    /// <summary>Queue of a queue trigger, or %the setting that names it%.</summary>
    public string? QueueName { get; init; }

    /// <summary>The setting that has the connection string of a queue trigger's storage.</summary>
    public string? Connection { get; init; }

    /// <summary>Schedule of a timer trigger, or %the setting that has it%.</summary>
    public string? Schedule { get; init; }

    public bool IsHttp => Type.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase);

    public bool IsQueue => Type.Equals("queueTrigger", StringComparison.OrdinalIgnoreCase);

    public bool IsTimer => Type.Equals("timerTrigger", StringComparison.OrdinalIgnoreCase);
}
