using System.Collections.Concurrent;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Parley.Functions.Api.Access;

namespace Parley.Functions.Api;

/// <summary>
/// The authorization point of all HTTP functions: a function runs only for callers whom its attribute admits. A
/// function without such an attribute runs for nobody.
/// </summary>
public sealed class AccessMiddleware(ApiEndpoint endpoint) : IFunctionsWorkerMiddleware
{
    private readonly ConcurrentDictionary<string, FunctionAccess> known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.GetHttpContext() is not { } http)
        {
            await next(context);
            return;
        }

        var function = context.FunctionDefinition;
        if (await endpoint.TryAuthorizeAsync(
            http, () => known.GetOrAdd(function.EntryPoint, _ => FunctionAccess.Of(function))))
        {
            await next(context);
        }
    }
}
