using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;

namespace Parley.Functions.Api;

/// <summary>
/// The routes of the app, read from its attributes, because the host does not report which methods a path accepts.
/// </summary>
public sealed class RouteTable
{
    private readonly List<(TemplateMatcher Matcher, string[] Methods)> routes =
    [
        .. from type in typeof(RouteTable).Assembly.GetExportedTypes()
           from method in type.GetMethods()
           where method.GetCustomAttribute<FunctionAttribute>() is not null
           from parameter in method.GetParameters()
           let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
           where trigger?.Methods is { Length: > 0 }
           select (new TemplateMatcher(TemplateParser.Parse(trigger.Route!), []), trigger.Methods!),
    ];

    /// <summary>The methods that a path accepts, in upper case and sorted. Empty for an unknown path.</summary>
    /// <param name="path">A path without the route prefix, such as <c>/v1/conversations</c>.</param>
    public IReadOnlyList<string> MethodsOf(PathString path) =>
    [
        .. routes.Where(route => route.Matcher.TryMatch(path, []))
            .SelectMany(route => route.Methods)
            .Select(method => method.ToUpperInvariant())
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];
}
