namespace Parley.LocalHost;

/// <summary>
/// The app's HTTP functions in the order in which the Functions host tries them: by name, ordinal, ignoring case.
/// The first one whose method and route match answers; literals have no precedence.
/// </summary>
internal sealed partial class HttpFunctions(HttpFunction[] functions, ILogger<HttpFunctions> logger)
{
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
