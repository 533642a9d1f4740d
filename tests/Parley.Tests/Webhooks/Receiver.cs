using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Parley.Tests.Webhooks;

/// <summary>A server on loopback that responds to each connection with the exact bytes that a test defines.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly TcpListener listener;
    private int connections;

    public Receiver(string answer, IPAddress? address = null, int port = 0)
        : this(stream => stream.WriteAsync(Encoding.UTF8.GetBytes(answer)).AsTask(), address, port)
    {
    }

    public Receiver(Func<Stream, Task> answer, IPAddress? address = null, int port = 0, X509Certificate2? certificate = null)
    {
        listener = new TcpListener(address ?? IPAddress.Loopback, port);
        listener.Start();
        _ = ServeAsync(answer, certificate);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>The number of connections so far.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>The last request: head and body.</summary>
    public (string Head, byte[] Body) Request { get; private set; } = ("", []);

    /// <summary>Completes when a request has been read completely.</summary>
    public TaskCompletionSource Requested { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
    }

    private async Task ServeAsync(Func<Stream, Task> answer, X509Certificate2? certificate)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(stop.Token);
                Interlocked.Increment(ref connections);
                await using Stream stream = certificate is null ? client.GetStream() : new SslStream(client.GetStream());
                if (stream is SslStream tls)
                {
                    // Offline, because this side would otherwise fetch the issuer and the revocation status of its own
                    // certificate.
                    var context = SslStreamCertificateContext.Create(certificate!, null, offline: true);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = context });
                }

                Request = await ReadAsync(stream);
                Requested.TrySetResult();
                await answer(stream);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
            {
                // The client has closed the connection, or the test is over.
            }
        }
    }

    private static async Task<(string Head, byte[] Body)> ReadAsync(Stream stream)
    {
        var (bytes, one) = (new List<byte>(), new byte[1]);
        while (!(bytes.Count >= 4 && bytes[^1] == '\n' && bytes[^3] == '\n'))
        {
            await stream.ReadExactlyAsync(one);
            bytes.Add(one[0]);
        }

        var head = Encoding.ASCII.GetString([.. bytes]);
        var length = head.Split("\r\n").SingleOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))?["Content-Length: ".Length..];
        var body = new byte[int.Parse(length ?? "0", System.Globalization.CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body);
        return (head, body);
    }
}
