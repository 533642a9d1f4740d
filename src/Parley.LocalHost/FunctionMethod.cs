using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace Parley.LocalHost;

/// <summary>
/// A method that has a [Function] attribute: the form that every function has here, whatever triggers it, and how to
/// call it. Whatever else the worker would take is refused, so that nothing works here and fails there.
/// </summary>
internal sealed class FunctionMethod
{
    private readonly MethodInvoker method;
    private readonly Lazy<ObjectFactory> newInstance;

    /// <summary>Reads the method.</summary>
    /// <exception cref="HostStartException">This host cannot run it.</exception>
    public FunctionMethod(MethodInfo method)
    {
        Name = method.GetCustomAttribute<FunctionAttribute>()!.Name;
        var type = method.DeclaringType!;
        if (!type.IsVisible || !type.IsClass || type.IsAbstract || type.ContainsGenericParameters
            || !method.IsPublic || method.IsStatic || method.ContainsGenericParameters)
        {
            throw Unsupported($"{type.Name}.{method.Name} must be a public instance method of a public class");
        }

        if (method.ReturnType != typeof(Task))
        {
            throw Unsupported($"it returns {method.ReturnType.Name}; only Task is supported");
        }

        Parameters = method.GetParameters();
        var triggers = Parameters.SelectMany(parameter => parameter.GetCustomAttributes())
            .Where(attribute => attribute is HttpTriggerAttribute or QueueTriggerAttribute or TimerTriggerAttribute).ToArray();
        if (triggers is not [var trigger])
        {
            throw Unsupported($"it has {triggers.Length} parameters with [HttpTrigger], [QueueTrigger] or [TimerTrigger]; only functions with one are supported");
        }

        Trigger = trigger;
        this.method = MethodInvoker.Create(method);
        newInstance = new(() => ActivatorUtilities.CreateFactory(type, Type.EmptyTypes));
    }

    /// <summary>The function's name.</summary>
    public string Name { get; }

    /// <summary>What it takes.</summary>
    public IReadOnlyList<ParameterInfo> Parameters { get; }

    /// <summary>The attribute that says what runs it.</summary>
    public Attribute Trigger { get; }

    /// <summary>Whether the parameter is the one with the trigger, which must be of this type.</summary>
    /// <exception cref="HostStartException">It is of another type.</exception>
    public bool IsTrigger(ParameterInfo parameter, Type supported)
    {
        if (!parameter.IsDefined(Trigger.GetType()))
        {
            return false;
        }

        return parameter.ParameterType == supported ? true : throw Unsupported(
            $"its [{Trigger.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal)}] parameter '{parameter.Name}' is of type {parameter.ParameterType.Name}; only {supported.Name} is supported");
    }

    /// <summary>Runs the function on an instance of its own.</summary>
    public Task InvokeAsync(IServiceProvider scope, object?[] arguments) =>
        (Task)method.Invoke(newInstance.Value(scope, null), arguments.AsSpan())!;

    /// <summary>Says why the host cannot run the function.</summary>
    public HostStartException Unsupported(string why, Exception? cause = null) => new($"Function {Name}: {why}.", cause!);
}
