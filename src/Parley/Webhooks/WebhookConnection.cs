using System.Net;
using System.Net.Sockets;

namespace Parley.Webhooks;

/// <summary>
/// Opens the connection of one attempt. It checks every address that the name resolves to, and then connects to the
/// first of these addresses that accepts (<see cref="ConnectionRace"/>). The name is not resolved a second time, so a
/// DNS server that changes its response (DNS rebinding) has no effect.
/// </summary>
internal sealed class WebhookConnection(
    bool isAllowed,
    Func<string, CancellationToken, Task<IPAddress[]>> resolve,
    TimeProvider time,
    CancellationToken cancellation)
{
    /// <summary>
    /// Maximum time for resolving and connecting. It is half of the attempt's time, so that a connected receiver has
    /// time to respond.
    /// </summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The reason for a failed connection. It is kept here because the HTTP handler wraps the exceptions of
    /// <see cref="ConnectAsync(string, int)"/>.
    /// </summary>
    public WebhookFailure? Failure { get; private set; }

    /// <summary>Resolves and connects, for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <param name="host">A name, or a literal address without brackets.</param>
    /// <param name="port">The port.</param>
    /// <exception cref="IOException">There is no connection; <see cref="Failure"/> has the reason.</exception>
    public async ValueTask<Stream> ConnectAsync(string host, int port)
    {
        // The attempt's own token, not the handler's: the handler lets connecting continue for a while after the end of
        // the request.
        using var late = new CancellationTokenSource(MaxTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            var addresses = await ResolveAsync(host, both.Token);

            // One address that is not public refuses the whole name: nobody publishes both kinds for a name by mistake.
            if (!isAllowed && !addresses.All(RefusedNetworks.IsPublic))
            {
                throw Fail(WebhookFailure.RefusedAddress, null);
            }

            return await ConnectAsync(addresses, port, both.Token);
        }
        catch (OperationCanceledException e)
            when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
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
            // WaitAsync, because the resolvers of operating systems do not always stop on cancellation.
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
        try
        {
            var socket = await ConnectionRace.RunAsync(
                ConnectionRace.Order(addresses),
                (address, lost) => ConnectAsync(address, port, lost),
                time,
                both);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            throw Fail(WebhookFailure.NotConnected, e);
        }
    }

    private static async Task<Socket> ConnectAsync(IPAddress address, int port, CancellationToken lost)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), lost);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private IOException Fail(WebhookFailure failure, Exception? cause)
    {
        Failure = failure;
        return new IOException($"No connection: {failure}.", cause);
    }
}
