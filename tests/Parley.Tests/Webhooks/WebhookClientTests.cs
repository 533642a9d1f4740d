using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Parley.Tests.DevHost;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

/// <summary>One attempt against receivers of every kind, all of them on loopback.</summary>
public class WebhookClientTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Body = "{\"type\":\"export.completed\"}"u8.ToArray();
    private readonly ManualTime time = new(Noon);

    [Fact]
    public async Task A_receiver_gets_the_signed_bytes()
    {
        using var receiver = new Receiver("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthank");

        var result = await SendAsync(receiver.Port, "/hook?a=b%20c");

        Assert.Equal(new WebhookResult(200, null, TimeSpan.Zero, "thank"), result);
        var lines = receiver.Request.Head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("POST /hook?a=b%20c HTTP/1.1", lines[0]);
        Assert.Equal(Body, receiver.Request.Body);

        // No other header: no cookies, no trace context, and no encoding that the receiver would have to undo.
        var headers = lines[1..].Select(line => KeyValuePair.Create(line.Split(": ")[0], line.Split(": ")[1])).ToList();
        Assert.Equal(
            ["Connection", "Content-Length", "Content-Type", "Host", "User-Agent", "webhook-id", "webhook-signature", "webhook-timestamp"],
            headers.Select(header => header.Key).Order(StringComparer.Ordinal));
        Assert.Contains(KeyValuePair.Create("Content-Type", "application/json"), headers);
        Assert.Contains(KeyValuePair.Create("Host", $"localhost:{receiver.Port}"), headers);
        WebhookVerifier.Verify(headers, receiver.Request.Body, Secret, Noon);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(301)]
    [InlineData(304)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(407)]
    [InlineData(410)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(599)]
    public async Task The_status_is_the_result(int status)
    {
        using var receiver = new Receiver($"HTTP/1.1 {status} X\r\nWWW-Authenticate: Basic realm=x\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(new WebhookResult(status, null, TimeSpan.Zero), await SendAsync(receiver.Port));
        Assert.Equal(1, receiver.Connections);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirects_are_not_followed(int status)
    {
        using var canary = new Canary();
        foreach (var host in new[] { "127.0.0.1", "localhost", "[::1]", "127.1.2.3" })
        {
            using var receiver = new Receiver($"HTTP/1.1 {status} X\r\nLocation: http://{host}:{canary.Port}/\r\nRefresh: 0; url=http://{host}:{canary.Port}/\r\nContent-Length: 0\r\n\r\n");

            Assert.Equal(status, (await SendAsync(receiver.Port)).Status);
        }

        Assert.False(canary.WasVisited);
    }

    [Fact]
    public async Task Every_attempt_resolves_the_name_once_and_connects_to_the_result()
    {
        const string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        using var one = new Receiver(answer);
        using var two = new Receiver(answer, IPAddress.Parse("127.0.0.2"), one.Port);
        var resolutions = 0;
        var client = Client((_, _) => Task.FromResult<IPAddress[]>([resolutions++ % 2 == 0 ? IPAddress.Loopback : IPAddress.Parse("127.0.0.2")]));
        for (var i = 1; i <= 6; i++)
        {
            Assert.Equal(200, (await SendAsync(client, one.Port)).Status);
            Assert.Equal((i, (i + 1) / 2, i / 2), (resolutions, one.Connections, two.Connections));
        }
    }

    [Fact]
    public async Task The_next_address_is_tried_when_one_refuses_the_connection()
    {
        using var receiver = new Receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var client = Client((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.3"), IPAddress.IPv6Loopback, IPAddress.Loopback]));

        Assert.Equal(200, (await SendAsync(client, receiver.Port)).Status);
    }

    [Fact]
    public async Task A_refused_connection_is_not_connected() => Assert.Equal(WebhookFailure.NotConnected, (await SendAsync(FreePort())).Failure);

    [Fact]
    public async Task A_name_that_does_not_resolve_is_not_connected()
    {
        var none = Client((_, _) => Task.FromResult<IPAddress[]>([]));
        var failing = Client((_, _) => throw new SocketException((int)SocketError.HostNotFound));
        var failingLater = Client((_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain)));

        foreach (var client in new[] { none, failing, failingLater })
        {
            Assert.Equal(WebhookFailure.NameNotResolved, (await SendAsync(client, 1)).Failure);
        }
    }

    [Fact]
    public async Task A_resolver_that_hangs_times_out_after_ten_seconds()
    {
        var resolving = new TaskCompletionSource();
        var sending = SendAsync(
            Client((_, _) =>
            {
                resolving.SetResult();
                return new TaskCompletionSource<IPAddress[]>().Task;
            }),
            1);
        await resolving.Task;
        await MoveAsync(sending, TimeSpan.FromSeconds(10));

        Assert.Equal(new WebhookResult(null, WebhookFailure.TimedOut, TimeSpan.FromSeconds(10)), await sending);
    }

    [Fact]
    public async Task A_receiver_without_a_response_times_out_after_twenty_seconds()
    {
        using var receiver = new Receiver(ForeverAsync);
        var sending = SendAsync(receiver.Port);
        await receiver.Requested.Task;
        await MoveAsync(sending, TimeSpan.FromSeconds(20));

        Assert.Equal(new WebhookResult(null, WebhookFailure.TimedOut, TimeSpan.FromSeconds(20)), await sending);
    }

    [Fact]
    public async Task A_body_that_stalls_leaves_the_status_and_the_part_received()
    {
        using var receiver = new Receiver(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\nbus"u8.ToArray());
            await ForeverAsync(stream);
        });
        var sending = SendAsync(receiver.Port);
        await receiver.Requested.Task;

        // Reading the head has no visible effect, so the test waits until it has certainly been read.
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, CancellationToken.None);
        await MoveAsync(sending, TimeSpan.FromSeconds(20));

        Assert.Equal(new WebhookResult(503, null, TimeSpan.FromSeconds(20), "bus"), await sending);
    }

    [Theory]
    [InlineData("Content-Length: 1000000000000")]
    [InlineData("Connection: close")]
    public async Task Of_an_endless_body_500_characters_are_read(string header)
    {
        using var receiver = new Receiver(async stream =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{header}\r\n\r\n"));
            while (true)
            {
                await stream.WriteAsync(Enumerable.Repeat((byte)'a', 10_000).ToArray());
            }
        });

        Assert.Equal(new WebhookResult(200, null, TimeSpan.Zero, new string('a', 500)), await SendAsync(receiver.Port));
    }

    [Fact]
    public async Task A_body_is_cut_between_characters()
    {
        var text = new string('a', 499) + "😀";
        using var receiver = new Receiver($"HTTP/1.1 400 X\r\nContent-Length: {Encoding.UTF8.GetByteCount(text)}\r\n\r\n{text}");

        Assert.Equal(new string('a', 499), (await SendAsync(receiver.Port)).Body);
    }

    [Fact]
    public async Task The_longest_body_of_three_byte_characters_is_kept()
    {
        using var receiver = new Receiver($"HTTP/1.1 400 X\r\nContent-Length: 1800\r\n\r\n{new string('語', 600)}");

        Assert.Equal(new string('語', 500), (await SendAsync(receiver.Port)).Body);
    }

    [Fact]
    public async Task A_compressed_body_is_not_unpacked()
    {
        using var receiver = new Receiver("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd");

        Assert.Equal("abcd", (await SendAsync(receiver.Port)).Body);
    }

    [Theory]
    [InlineData("", WebhookFailure.ConnectionLost)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", WebhookFailure.ConnectionLost)]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n\r\n", WebhookFailure.InvalidAnswer)]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n", WebhookFailure.InvalidAnswer)]
    public async Task An_invalid_response_is_a_failure(string answer, WebhookFailure failure)
    {
        using var receiver = new Receiver(answer);

        Assert.Equal(new WebhookResult(null, failure, TimeSpan.Zero), await SendAsync(receiver.Port));
    }

    [Fact]
    public async Task Huge_headers_are_not_read()
    {
        using var many = new Receiver(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray());
            while (true)
            {
                await stream.WriteAsync("X-Filler: 12345678901234567890123456789012345678901234567890\r\n"u8.ToArray());
            }
        });
        using var one = new Receiver($"HTTP/1.1 200 OK\r\nX: {new string('a', 20_000)}\r\nContent-Length: 0\r\n\r\n");
        using var justEnough = new Receiver($"HTTP/1.1 200 OK\r\nX: {new string('a', 15_000)}\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(WebhookFailure.InvalidAnswer, (await SendAsync(many.Port)).Failure);
        Assert.Equal(WebhookFailure.InvalidAnswer, (await SendAsync(one.Port)).Failure);
        Assert.Equal(200, (await SendAsync(justEnough.Port)).Status);
    }

    [Fact]
    public async Task A_reset_is_a_lost_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sending = SendAsync(((IPEndPoint)listener.LocalEndpoint).Port);
        using (var socket = await listener.AcceptSocketAsync())
        {
            await socket.ReceiveAsync(new byte[10]);
            socket.LingerState = new LingerOption(true, 0);
        }

        Assert.Equal(WebhookFailure.ConnectionLost, (await sending).Failure);
    }

    [Fact]
    public async Task A_receiver_that_resets_every_new_connection_is_a_failure_and_no_exception()
    {
        // Whether the reset arrives while .NET opens the connection or after that depends on the machine.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var end = new CancellationTokenSource();
        var resetting = Task.Run(async () =>
        {
            while (true)
            {
                using var socket = await listener.AcceptSocketAsync(end.Token);
                socket.LingerState = new LingerOption(true, 0);
            }
        });
        for (var i = 0; i < 300; i++)
        {
            Assert.NotNull((await SendAsync(((IPEndPoint)listener.LocalEndpoint).Port)).Failure);
        }

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => resetting);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("soon", null)]
    [InlineData("2147483647", 36_000)]
    [InlineData("99999999999999", 36_000)]
    [InlineData("Sun, 01 Mar 2026 12:02:00 GMT", 120)]
    [InlineData("Sun, 01 Mar 2026 11:00:00 GMT", null)]
    [InlineData("Fri, 01 Jan 2100 00:00:00 GMT", 36_000)]
    public async Task Retry_after_is_seconds_or_a_date(string header, int? seconds)
    {
        using var receiver = new Receiver($"HTTP/1.1 503 X\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(seconds, (int?)(await SendAsync(receiver.Port)).RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task The_caller_can_cancel_the_attempt()
    {
        using var stop = new CancellationTokenSource();
        using var receiver = new Receiver(ForeverAsync);
        var sending = Client(LoopbackAsync).SendAsync(Url(receiver.Port), Body, [], stop.Token);
        await receiver.Requested.Task;
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    private static string Url(int port, string path = "/") => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}{path}");

    private static Task<IPAddress[]> LoopbackAsync(string host, CancellationToken cancellation) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]);

    private static Task ForeverAsync(Stream stream) => stream.ReadExactlyAsync(new byte[1]).AsTask();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Checks that an attempt still runs a second before its time limit, and ends at the limit.</summary>
    private async Task MoveAsync(Task<WebhookResult> sending, TimeSpan time)
    {
        this.time.Advance(time - TimeSpan.FromSeconds(1));
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        Assert.False(sending.IsCompleted);
        this.time.Advance(TimeSpan.FromSeconds(1));
    }

    private WebhookClient Client(Func<string, CancellationToken, Task<IPAddress[]>> resolve) => new(AllowedHosts.Parse("localhost"), time, resolve);

    private Task<WebhookResult> SendAsync(int port, string path = "/") => SendAsync(Client(LoopbackAsync), port, path);

    private static Task<WebhookResult> SendAsync(WebhookClient client, int port, string path = "/") =>
        client.SendAsync(Url(port, path), Body, WebhookSignature.Headers("msg_1", Noon, Body, Secret), CancellationToken.None);
}
