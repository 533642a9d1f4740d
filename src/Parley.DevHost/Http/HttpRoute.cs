using Microsoft.AspNetCore.Routing.Template;
using Parley.DevHost.Common;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Http;

/// <summary>The methods and the route of one HTTP function.</summary>
internal sealed class HttpRoute
{
    private readonly string[] methods;
    private readonly TemplateMatcher route;

    /// <exception cref="HostStartException">This host does not support the function's trigger.</exception>
    public HttpRoute(AppFunction function, string routePrefix)
    {
        Function = function;
        if (!string.Equals(function.Trigger.AuthLevel, "anonymous", StringComparison.OrdinalIgnoreCase))
        {
            throw function.Unsupported("its AuthorizationLevel must be Anonymous; this host has no function keys");
        }

        methods = function.Trigger.Methods ?? [];
        var template = ParseTemplate(function.Trigger.Route, routePrefix);
        var defaults = new RouteValueDictionary(template.Parameters.Where(part => part.DefaultValue is not null)
            .Select(part => KeyValuePair.Create(part.Name!, part.DefaultValue)));
        route = new TemplateMatcher(template, defaults);
    }

    public AppFunction Function { get; }

    /// <summary>Returns true, and adds the route values, if the method and the path match.</summary>
    public bool Matches(HttpRequest request, RouteValueDictionary values) =>
        (methods.Length == 0 || methods.Contains(request.Method, StringComparer.OrdinalIgnoreCase))
        && route.TryMatch(request.Path, values);

    private RouteTemplate ParseTemplate(string? configured, string routePrefix)
    {
        // If the route is empty, it is the function's name, as in the Functions host.
        var own = string.IsNullOrWhiteSpace(configured) ? Function.Name : configured;
        if (own.Trim('/').StartsWith("admin", StringComparison.OrdinalIgnoreCase)
            || own.Trim('/').StartsWith("runtime", StringComparison.OrdinalIgnoreCase))
        {
            throw Function.Unsupported(
                $"its route '{own}' begins with admin or runtime, which the Functions host keeps for itself");
        }

        RouteTemplate template;
        try
        {
            template = TemplateParser.Parse(routePrefix.Length == 0 ? own : $"{routePrefix}/{own}");
        }
        catch (ArgumentException e)
        {
            throw Function.Unsupported($"its route '{own}' is no route template: {e.Message}", e);
        }

        return template.Parameters.FirstOrDefault(part => part.InlineConstraints.Any()) is { } constrained
            ? throw Function.Unsupported(
                $"its route '{own}' constrains '{constrained.Name}'; constraints are not supported")
            : template;
    }
}
