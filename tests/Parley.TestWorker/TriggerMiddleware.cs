using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace Parley.TestWorker;

/// <summary>
/// Records whether the current code was called by an HTTP request, because some faults apply only to requests.
/// </summary>
internal sealed class TriggerMiddleware : IFunctionsWorkerMiddleware
{
    private static readonly AsyncLocal<bool> Request = new();

    public static bool IsRequest => Request.Value;

    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        Request.Value = context.FunctionDefinition.InputBindings.Values.Any(binding => binding.Type == "httpTrigger");
        return next(context);
    }
}
