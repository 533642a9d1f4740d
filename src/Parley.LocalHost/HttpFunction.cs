using System.Reflection;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;

namespace Parley.LocalHost;

/// <summary>One HTTP function: its route and how to call it. It takes the request and route values.</summary>
internal sealed class HttpFunction
{
    private readonly FunctionMethod method;
    private readonly string[] methods;
    private readonly TemplateMatcher route;
    private readonly string?[] routeValueOfParameter;

    /// <summary>Reads a method that has an HTTP trigger.</summary>
    /// <exception cref="HostStartException">This host cannot run it.</exception>
    public HttpFunction(FunctionMethod method, string routePrefix)
    {
        this.method = method;
        var trigger = (HttpTriggerAttribute)method.Trigger;
        if (trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            throw method.Unsupported("its AuthorizationLevel must be Anonymous; the app authenticates its callers itself");
        }

        methods = trigger.Methods ?? [];
        var template = ParseTemplate(trigger.Route, routePrefix);
        var defaults = new RouteValueDictionary(template.Parameters.Where(part => part.DefaultValue is not null)
            .Select(part => KeyValuePair.Create(part.Name!, part.DefaultValue)));
        route = new TemplateMatcher(template, defaults);
        routeValueOfParameter = [.. method.Parameters.Select(parameter => RouteValueOf(parameter, template))];
    }

    /// <summary>The function's name.</summary>
    public string Name => method.Name;

    /// <summary>Whether the function answers this request; if so, the values of its route.</summary>
    public bool Matches(HttpRequest request, RouteValueDictionary values) =>
        (methods.Length == 0 || methods.Contains(request.Method, StringComparer.OrdinalIgnoreCase)) && route.TryMatch(request.Path, values);

    /// <summary>Runs the function in the scope of the request.</summary>
    public Task InvokeAsync(HttpContext context, RouteValueDictionary values)
    {
        var arguments = new object?[routeValueOfParameter.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = routeValueOfParameter[i] is { } name ? values[name] : context.Request;
        }

        return method.InvokeAsync(context.RequestServices, arguments);
    }

    private RouteTemplate ParseTemplate(string? written, string routePrefix)
    {
        // An empty route is the function's name, as under the Functions host.
        var own = string.IsNullOrWhiteSpace(written) ? Name : written;
        if (own.Trim('/').StartsWith("admin", StringComparison.OrdinalIgnoreCase) || own.Trim('/').StartsWith("runtime", StringComparison.OrdinalIgnoreCase))
        {
            throw method.Unsupported($"its route '{own}' begins with admin or runtime, which the Functions host keeps for itself");
        }

        RouteTemplate template;
        try
        {
            template = TemplateParser.Parse(routePrefix.Length == 0 ? own : $"{routePrefix}/{own}");
        }
        catch (ArgumentException e)
        {
            throw method.Unsupported($"its route '{own}' is no route template: {e.Message}", e);
        }

        return template.Parameters.FirstOrDefault(part => part.InlineConstraints.Any()) is { } constrained
            ? throw method.Unsupported($"its route '{own}' constrains '{constrained.Name}'; constraints are not supported")
            : template;
    }

    /// <summary>The route value that the parameter takes; null for the request.</summary>
    private string? RouteValueOf(ParameterInfo parameter, RouteTemplate template)
    {
        if (method.IsTrigger(parameter, typeof(HttpRequest)))
        {
            return null;
        }

        return parameter.ParameterType == typeof(string) && template.Parameters.Any(part => part.Name == parameter.Name)
            ? parameter.Name
            : throw method.Unsupported($"its parameter '{parameter.Name}' of type {parameter.ParameterType.Name} is not a string named like a value of its route");
    }
}
