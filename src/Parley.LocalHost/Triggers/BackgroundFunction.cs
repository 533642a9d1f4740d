using Microsoft.Azure.Functions.Worker;

namespace Parley.LocalHost.Triggers;

/// <summary>One function that a queue or a timer runs. It takes the message's text or a TimerInfo, and a CancellationToken if it wants one.</summary>
internal sealed class BackgroundFunction
{
    private readonly FunctionMethod method;
    private readonly bool[] isTrigger;

    /// <summary>Reads a method that has a queue or timer trigger.</summary>
    /// <exception cref="HostStartException">This host cannot run it.</exception>
    public BackgroundFunction(FunctionMethod method)
    {
        this.method = method;
        var value = method.Trigger is QueueTriggerAttribute ? typeof(string) : typeof(TimerInfo);
        isTrigger = [.. method.Parameters.Select(parameter => method.IsTrigger(parameter, value) || (parameter.ParameterType == typeof(CancellationToken)
            ? false
            : throw method.Unsupported($"its parameter '{parameter.Name}' of type {parameter.ParameterType.Name} is neither its trigger nor a CancellationToken")))];
    }

    /// <summary>The function's name.</summary>
    public string Name => method.Name;

    /// <summary>The attribute that says what runs it.</summary>
    public Attribute Trigger => method.Trigger;

    /// <summary>Runs the function in a scope of its own.</summary>
    public async Task InvokeAsync(IServiceProvider services, object triggerValue, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        await method.InvokeAsync(scope.ServiceProvider, [.. isTrigger.Select(trigger => trigger ? triggerValue : cancellationToken)]);
    }

    /// <summary>Says why the host cannot run the function.</summary>
    public HostStartException Unsupported(string why, Exception? cause = null) => method.Unsupported(why, cause);
}
