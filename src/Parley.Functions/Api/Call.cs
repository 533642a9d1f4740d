using Microsoft.AspNetCore.Http;
using Parley.Tenants;

namespace Parley.Functions.Api;

/// <summary>An authenticated request.</summary>
public sealed record Call(HttpRequest Request, Caller Caller)
{
    /// <summary>
    /// Cancelled when the client disconnects. HTTP functions have no CancellationToken parameter, because a query
    /// parameter of its name can break it.
    /// </summary>
    public CancellationToken Cancellation => Request.HttpContext.RequestAborted;
}
