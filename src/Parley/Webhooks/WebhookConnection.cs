using System.Net;
using System.Net.Sockets;

namespace Parley.Webhooks;

/// <summary>
/// Connects for one attempt. Looks at every address that the name resolves to and then connects to those very addresses: the name is not
/// resolved a second time, so a DNS server that changes its answer changes nothing.
/// </summary>
internal sealed class WebhookConnection(bool isAllowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time, CancellationToken cancellation)
{
    /// <summary>For resolving and connecting; half of the attempt's, so that a receiver that is reached has time to answer.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>Of a name with more, the first ones are tried: each gets a share of the time that it can connect in.</summary>
    private const int MaxTried = 4;

    /// <summary>Why there is no connection: the handler wraps exceptions, so this says it.</summary>
    public WebhookFailure? Failure { get; private set; }

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <param name="host">A name, or a literal address, without brackets.</param>
    /// <param name="port">The port.</param>
    public async ValueTask<Stream> ConnectAsync(string host, int port)
    {
        // The attempt's own token, not the handler's: that one lives on for a while after an attempt is over.
        using var late = new CancellationTokenSource(MaxTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            var addresses = await ResolveAsync(host, both.Token);

            // All of them, not the public ones of them: nobody publishes both kinds for one name by mistake.
            if (!isAllowed && !addresses.All(RefusedNetworks.IsPublic))
            {
                throw Fail(WebhookFailure.RefusedAddress, null);
            }

            return await ConnectAsync(addresses.Take(MaxTried).ToArray(), port, both.Token);
        }
        catch (OperationCanceledException e) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Fail(WebhookFailure.TimedOut, e);
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken both)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            // Resolvers of operating systems do not always stop when told to.
            var addresses = await resolve(host, both).WaitAsync(both);
            return addresses.Length > 0 ? addresses : throw Fail(WebhookFailure.NameNotResolved, null);
        }
        catch (SocketException e)
        {
            throw Fail(WebhookFailure.NameNotResolved, e);
        }
    }

    private async Task<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken both)
    {
        Exception? last = null;
        foreach (var address in addresses)
        {
            // One that swallows packets must not take the time of the others.
            using var late = new CancellationTokenSource(MaxTime / addresses.Length, time);
            using var all = CancellationTokenSource.CreateLinkedTokenSource(both, late.Token);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), all.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e)
            {
                socket.Dispose();
                if (e is not SocketException && !(e is OperationCanceledException && !both.IsCancellationRequested))
                {
                    throw;
                }

                last = e;
            }
        }

        throw Fail(last is OperationCanceledException ? WebhookFailure.TimedOut : WebhookFailure.NotConnected, last);
    }

    private IOException Fail(WebhookFailure failure, Exception? cause)
    {
        Failure = failure;
        return new IOException($"No connection: {failure}.", cause);
    }
}
