using System.Net;
using System.Net.Sockets;
using Parley.Testing;
using Parley.Tests.DevHost;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

/// <summary>Receivers whose name has IPv6 and IPv4 addresses, of which some do not answer; all on loopback.</summary>
public sealed class DualStackTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    private readonly ManualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("127.0.0.1", "::1 127.0.0.1")]
    [InlineData("127.0.0.1", "127.0.0.1 ::1")]
    [InlineData("::1", "127.0.0.1 ::1")]
    [InlineData("127.0.0.9", "127.0.0.5 127.0.0.6 127.0.0.7 127.0.0.8 127.0.0.9")]
    public async Task The_address_that_listens_is_reached(string listening, string resolved)
    {
        using var receiver = new Receiver(Ok, IPAddress.Parse(listening));

        Assert.Equal(new WebhookResult(200, null, TimeSpan.Zero), await SendAsync(receiver.Port, resolved));
    }

    [Fact]
    public async Task Ipv6_is_preferred()
    {
        using var ipv6 = new Receiver(Ok, IPAddress.IPv6Loopback);
        using var ipv4 = new Receiver(Ok, IPAddress.Loopback, ipv6.Port);

        Assert.Equal(200, (await SendAsync(ipv6.Port, "127.0.0.1 ::1")).Status);
        Assert.Equal((1, 0), (ipv6.Connections, ipv4.Connections));
    }

    [Fact]
    public async Task Without_a_listener_nothing_is_connected()
    {
        using var receiver = new Receiver(Ok, IPAddress.Parse("127.0.0.4"));

        Assert.Equal(
            new WebhookResult(null, WebhookFailure.NotConnected, TimeSpan.Zero),
            await SendAsync(receiver.Port, "::1 127.0.0.1"));
    }

    [Theory]
    [InlineData("::1", "127.0.0.1")]
    [InlineData("127.0.0.2", "127.0.0.1")]
    public async Task An_address_that_drops_packets_costs_250_ms(string silent, string listening)
    {
        using var hole = await SilentListener.StartAsync(IPAddress.Parse(silent));
        using var receiver = new Receiver(Ok, IPAddress.Parse(listening), hole.Port);
        var began = time.GetUtcNow();
        var sending = SendAsync(receiver.Port, $"{silent} {listening}");
        await Eventually.TrueAsync(() => time.NextDue == began + ConnectionRace.AttemptDelay);
        Assert.Equal(0, receiver.Connections);

        time.Advance(ConnectionRace.AttemptDelay);

        Assert.Equal(new WebhookResult(200, null, ConnectionRace.AttemptDelay), await sending);
    }

    [Fact]
    public async Task Addresses_that_drop_packets_time_out_after_ten_seconds()
    {
        using var ipv6 = await SilentListener.StartAsync(IPAddress.IPv6Loopback);
        using var ipv4 = await SilentListener.StartAsync(IPAddress.Loopback, ipv6.Port);
        var began = time.GetUtcNow();
        var sending = SendAsync(ipv6.Port, "::1 127.0.0.1");
        await Eventually.TrueAsync(() => time.NextDue == began + ConnectionRace.AttemptDelay);
        time.Advance(ConnectionRace.AttemptDelay);
        await Eventually.TrueAsync(() => time.NextDue == began + WebhookConnection.MaxTime);
        Assert.False(sending.IsCompleted);
        time.Advance(WebhookConnection.MaxTime - ConnectionRace.AttemptDelay);

        Assert.Equal(new WebhookResult(null, WebhookFailure.TimedOut, WebhookConnection.MaxTime), await sending);
    }

    [Theory]
    [InlineData("2606:4700:4700::1111 127.0.0.1")]
    [InlineData("1.1.1.1 ::1")]
    [InlineData("2606:4700:4700::1111 1.1.1.1 2606:4700:4700::1001 1.0.0.1 9.9.9.9 8.8.8.8 8.8.4.4 1.1.1.2 127.0.0.1")]
    public async Task One_address_that_is_not_public_refuses_all(string resolved)
    {
        using var canary = new Canary();
        var client = new WebhookClient(AllowedHosts.None, time, (_, _) => Task.FromResult(Parse(resolved)));
        var url = $"https://hooks.example.com:{canary.Port}/";

        Assert.Equal(WebhookFailure.RefusedAddress, (await client.SendAsync(url, default, [], default)).Failure);
        Assert.False(canary.WasVisited);
    }

    private static IPAddress[] Parse(string addresses) => [.. addresses.Split(' ').Select(IPAddress.Parse)];

    private Task<WebhookResult> SendAsync(int port, string resolved)
    {
        var client = new WebhookClient(
            AllowedHosts.Parse("dual.test"), time, (_, _) => Task.FromResult(Parse(resolved)));
        return client.SendAsync($"http://dual.test:{port}/", "{}"u8.ToArray(), [], CancellationToken.None);
    }

    /// <summary>
    /// A port whose queue of connections is full, so that the system drops further ones without an answer.
    /// </summary>
    private sealed class SilentListener : IDisposable
    {
        private readonly TcpListener listener;
        private readonly List<Socket> queued = [];

        private SilentListener(IPAddress address, int port) => listener = new TcpListener(address, port);

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public static async Task<SilentListener> StartAsync(IPAddress address, int port = 0)
        {
            var silent = new SilentListener(address, port);
            silent.listener.Start(1);
            while (true)
            {
                using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), TimeProvider.System);
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                silent.queued.Add(socket);
                try
                {
                    await socket.ConnectAsync(silent.listener.LocalEndpoint, late.Token);
                }
                catch (OperationCanceledException)
                {
                    return silent;
                }
            }
        }

        public void Dispose()
        {
            queued.ForEach(socket => socket.Dispose());
            listener.Dispose();
        }
    }
}
