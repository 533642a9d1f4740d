using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Tenants;

namespace Parley.Functions.Api.Access;

/// <summary>
/// Runs the calls of API keys: a call whose key is no longer valid ends, and the key's last use is noted after the
/// response.
/// </summary>
public sealed class KeyGuard(OpenCalls calls, ApiKeyUses uses)
{
    /// <summary>
    /// Runs a call. When its key becomes invalid, <see cref="HttpContext.RequestAborted"/> is cancelled; a response
    /// that has begun is cut off, so that the client does not take it for a complete one.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>, <see cref="ErrorCode.TenantSuspended"/>: the key became invalid, or its
    /// tenant was suspended, before the response began. <see cref="ErrorCode.StorageUnavailable"/>: it could not be
    /// checked.
    /// </exception>
    public async Task RunAsync(HttpContext context, Caller caller, Func<Task> call)
    {
        using var open = calls.Begin(caller);
        context.Features.Set(open);
        var disconnected = context.RequestAborted;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(disconnected, open.Refused);
        await using var cutting = open.Refused.Register(() =>
        {
            if (context.Response.HasStarted)
            {
                context.Abort();
            }
        });
        context.RequestAborted = ended.Token;
        try
        {
            await call();
        }
        catch (Exception e) when (open.Refused.IsCancellationRequested
            && !disconnected.IsCancellationRequested
            && !context.Response.HasStarted
            && e is OperationCanceledException or AggregateException or IOException)
        {
            throw new ParleyException(open.Refusal!.Code, open.Refusal.Message, e);
        }
        finally
        {
            context.RequestAborted = disconnected;
            uses.Note(caller);
        }
    }
}
