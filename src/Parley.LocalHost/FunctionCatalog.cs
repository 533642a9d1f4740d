using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Parley.LocalHost.Triggers;

namespace Parley.LocalHost;

/// <summary>The functions of an app, in the order of their names: ordinal, ignoring case, as the Functions host sorts them.</summary>
internal sealed record FunctionCatalog(HttpFunction[] Http, BackgroundFunction[] Background)
{
    /// <summary>Finds the functions of these classes.</summary>
    /// <exception cref="HostStartException">One of them cannot run here, or two have the same name.</exception>
    public static FunctionCatalog Read(IEnumerable<Type> classes, string routePrefix)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var methods = classes.SelectMany(type => type.GetMethods(Declared))
            .Where(method => method.IsDefined(typeof(FunctionAttribute)))
            .Select(method => new FunctionMethod(method))
            .OrderBy(method => method.Name, StringComparer.OrdinalIgnoreCase)
            .ToArray();
        if (methods.GroupBy(method => method.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new HostStartException($"Function {twice.Key}: two functions have this name.");
        }

        return new FunctionCatalog(
            [.. methods.Where(method => method.Trigger is HttpTriggerAttribute).Select(method => new HttpFunction(method, routePrefix))],
            [.. methods.Where(method => method.Trigger is not HttpTriggerAttribute).Select(method => new BackgroundFunction(method))]);
    }
}
