using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Webhooks;

/// <summary>Listens on several loopback addresses, at one port, for a connection that must not be made.</summary>
public sealed class Canary : IDisposable
{
    private readonly List<TcpListener> listeners = [];

    public Canary()
    {
        foreach (var address in new[] { "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "::1" }.Select(IPAddress.Parse))
        {
            if (address.AddressFamily == AddressFamily.InterNetwork || Socket.OSSupportsIPv6)
            {
                var listener = new TcpListener(address, listeners.Count == 0 ? 0 : Port);
                listener.Start();
                listeners.Add(listener);
            }
        }
    }

    public int Port => ((IPEndPoint)listeners[0].LocalEndpoint).Port;

    /// <summary>True if a connection was made to any of the addresses.</summary>
    public bool WasVisited => listeners.Exists(listener => listener.Pending());

    public void Dispose() => listeners.ForEach(listener => listener.Dispose());
}
