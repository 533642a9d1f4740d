using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Parley.LocalHost;

/// <summary>
/// One HTTP function: its route and how to call it. It takes the request and route values and returns a task;
/// whatever else the worker would bind is refused, so that nothing works here and fails there.
/// </summary>
internal sealed class HttpFunction
{
    private readonly string[] methods;
    private readonly TemplateMatcher route;
    private readonly MethodInvoker method;
    private readonly string?[] routeValueOfParameter;
    private readonly Lazy<ObjectFactory> newInstance;

    /// <summary>Reads a method that has a [Function] attribute.</summary>
    /// <exception cref="HostStartException">This host cannot run it.</exception>
    public HttpFunction(MethodInfo method, string routePrefix)
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

        var parameters = method.GetParameters();
        var triggers = parameters.Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>()).OfType<HttpTriggerAttribute>().ToArray();
        if (triggers is not [var trigger])
        {
            throw Unsupported($"it has {triggers.Length} parameters with [HttpTrigger]; only functions with one are supported");
        }

        if (trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            throw Unsupported("its AuthorizationLevel must be Anonymous; the app authenticates its callers itself");
        }

        methods = trigger.Methods ?? [];
        var template = ParseTemplate(trigger.Route, routePrefix);
        var defaults = new RouteValueDictionary(template.Parameters.Where(part => part.DefaultValue is not null)
            .Select(part => KeyValuePair.Create(part.Name!, part.DefaultValue)));
        route = new TemplateMatcher(template, defaults);
        routeValueOfParameter = [.. parameters.Select(parameter => RouteValueOf(parameter, template))];
        this.method = MethodInvoker.Create(method);
        newInstance = new(() => ActivatorUtilities.CreateFactory(type, Type.EmptyTypes));
    }

    /// <summary>The function's name.</summary>
    public string Name { get; }

    /// <summary>Whether the function answers this request; if so, the values of its route.</summary>
    public bool Matches(HttpRequest request, RouteValueDictionary values) =>
        (methods.Length == 0 || methods.Contains(request.Method, StringComparer.OrdinalIgnoreCase)) && route.TryMatch(request.Path, values);

    /// <summary>Runs the function in the scope of the request, on an instance of its own.</summary>
    public Task InvokeAsync(HttpContext context, RouteValueDictionary values)
    {
        var arguments = new object?[routeValueOfParameter.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = routeValueOfParameter[i] is { } name ? values[name] : context.Request;
        }

        var instance = newInstance.Value(context.RequestServices, null);
        return (Task)method.Invoke(instance, arguments.AsSpan())!;
    }

    private RouteTemplate ParseTemplate(string? written, string routePrefix)
    {
        // An empty route is the function's name, as under the Functions host.
        var own = string.IsNullOrWhiteSpace(written) ? Name : written;
        if (own.Trim('/').StartsWith("admin", StringComparison.OrdinalIgnoreCase) || own.Trim('/').StartsWith("runtime", StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported($"its route '{own}' begins with admin or runtime, which the Functions host keeps for itself");
        }

        RouteTemplate template;
        try
        {
            template = TemplateParser.Parse(routePrefix.Length == 0 ? own : $"{routePrefix}/{own}");
        }
        catch (ArgumentException e)
        {
            throw new HostStartException($"Function {Name}: its route '{own}' is no route template: {e.Message}", e);
        }

        return template.Parameters.FirstOrDefault(part => part.InlineConstraints.Any()) is { } constrained
            ? throw Unsupported($"its route '{own}' constrains '{constrained.Name}'; constraints are not supported")
            : template;
    }

    /// <summary>The route value that the parameter takes; null for the request.</summary>
    private string? RouteValueOf(ParameterInfo parameter, RouteTemplate template)
    {
        if (parameter.IsDefined(typeof(HttpTriggerAttribute)))
        {
            return parameter.ParameterType == typeof(HttpRequest)
                ? null
                : throw Unsupported($"its [HttpTrigger] parameter '{parameter.Name}' is of type {parameter.ParameterType.Name}; only HttpRequest is supported");
        }

        return parameter.ParameterType == typeof(string) && template.Parameters.Any(part => part.Name == parameter.Name)
            ? parameter.Name
            : throw Unsupported($"its parameter '{parameter.Name}' of type {parameter.ParameterType.Name} is not a string named like a value of its route");
    }

    private HostStartException Unsupported(string why) => new($"Function {Name}: {why}.");
}
