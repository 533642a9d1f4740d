using Microsoft.AspNetCore.Routing.Template;
using Parley.DevHost.Common;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Http;

/// <summary>The methods and the route of one HTTP function.</summary>
internal sealed class HttpRoute
{
    private readonly string[] methods;
    private readonly TemplateMatcher route;

    /// <summary>Reads the trigger of a function.</summary>
    /// <exception cref="HostStartException">This host cannot serve it.</exception>
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

    /// <summary>Whether the function answers this request; if so, the values of its route.</summary>
    public bool Matches(HttpRequest request, RouteValueDictionary values) =>
        (methods.Length == 0 || methods.Contains(request.Method, StringComparer.OrdinalIgnoreCase)) && route.TryMatch(request.Path, values);

    private RouteTemplate ParseTemplate(string? written, string routePrefix)
    {
        // An empty route is the function's name, as under the Functions host.
        var own = string.IsNullOrWhiteSpace(written) ? Function.Name : written;
        if (own.Trim('/').StartsWith("admin", StringComparison.OrdinalIgnoreCase) || own.Trim('/').StartsWith("runtime", StringComparison.OrdinalIgnoreCase))
        {
            throw Function.Unsupported($"its route '{own}' begins with admin or runtime, which the Functions host keeps for itself");
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
            ? throw Function.Unsupported($"its route '{own}' constrains '{constrained.Name}'; constraints are not supported")
            : template;
    }
}
