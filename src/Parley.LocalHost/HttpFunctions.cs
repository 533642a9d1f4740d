using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace Parley.LocalHost;

/// <summary>
/// The app's HTTP functions in the order in which the Functions host tries them: by name, ordinal, ignoring case.
/// The first one whose method and route match answers; literals have no precedence.
/// </summary>
internal sealed partial class HttpFunctions(HttpFunction[] functions, ILogger<HttpFunctions> logger)
{
    /// <summary>Finds the functions of these classes.</summary>
    /// <exception cref="HostStartException">One of them cannot run here, or two have the same name.</exception>
    public static HttpFunction[] Find(IEnumerable<Type> classes, string routePrefix)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var found = classes.SelectMany(type => type.GetMethods(Declared))
            .Where(method => method.IsDefined(typeof(FunctionAttribute)))
            .Select(method => new HttpFunction(method, routePrefix))
            .OrderBy(function => function.Name, StringComparer.OrdinalIgnoreCase)
            .ToArray();
        for (var i = 1; i < found.Length; i++)
        {
            if (found[i].Name.Equals(found[i - 1].Name, StringComparison.OrdinalIgnoreCase))
            {
                throw new HostStartException($"Function {found[i].Name}: two functions have this name.");
            }
        }

        return found;
    }

    /// <summary>The first segments of every route, from the app's host.json; "api" when it does not say.</summary>
    public static string RoutePrefix(string hostJson)
    {
        using var settings = JsonDocument.Parse(File.ReadAllBytes(hostJson), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        return settings.RootElement.TryGetProperty("extensions", out var extensions)
            && extensions.TryGetProperty("http", out var http)
            && http.TryGetProperty("routePrefix", out var prefix)
            ? prefix.GetString()!.Trim('/')
            : "api";
    }

    /// <summary>Answers one request as the platform does: an empty 404 without a match, an empty 500 when the function throws.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (Match(context.Request, out var values) is not { } function)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        try
        {
            await function.InvokeAsync(context, values);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client left: nobody to answer, and nothing failed.
        }
        catch (Exception e)
        {
            LogFailed(e, function.Name);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    private HttpFunction? Match(HttpRequest request, out RouteValueDictionary values)
    {
        values = [];
        foreach (var function in functions)
        {
            if (function.Matches(request, values))
            {
                return function;
            }

            values.Clear();
        }

        return null;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Function {Function} failed.")]
    partial void LogFailed(Exception exception, string function);
}
