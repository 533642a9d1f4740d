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

    /// <summary>Cancelled when the key is no longer valid.</summary>
    public CancellationToken KeyRefused => Request.HttpContext.Features.Get<OpenCall>()?.Refused ?? default;

    private List<IDisposable> Held { get; } = [];

    /// <summary>Keeps a slot until the response is complete. Null is ignored.</summary>
    public void Hold(IDisposable? slot)
    {
        if (slot is not null)
        {
            Held.Add(slot);
        }
    }

    /// <summary>Keeps a slot until the response is complete or nobody waits for it any more.</summary>
    public void HoldForClient(IDisposable slot)
    {
        Hold(slot);
        Hold(Cancellation.Register(slot.Dispose));
    }

    /// <summary>Returns all slots.</summary>
    internal void Release() => Held.ForEach(slot => slot.Dispose());
}
