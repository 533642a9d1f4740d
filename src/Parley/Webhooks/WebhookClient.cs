using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.Core;

namespace Parley.Webhooks;

/// <summary>
/// Sends webhooks over HTTP. Each attempt has its own handler and never reuses a connection, so the addresses are
/// checked before every attempt. Webhooks are so rare that the cost of the handshake does not matter.
/// </summary>
public sealed class WebhookClient : IWebhookSender
{
    /// <summary>The maximum length of the response body that is kept: enough to see the receiver's error.</summary>
    public const int MaxBodyCharacters = 500;

    /// <summary>
    /// Maximum time from the name resolution to the response headers. The body is read up to the same time limit.
    /// Standard Webhooks recommends 15 to 30 s.
    /// </summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    // The most bytes in UTF-8 that MaxBodyCharacters UTF-16 code units can need.
    private const int MaxBodyBytes = 3 * MaxBodyCharacters;

    // In KiB. The default of .NET is 64.
    private const int MaxHeaderKilobytes = 16;

    private readonly AllowedHosts allowed;
    private readonly TimeProvider time;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    private readonly X509Certificate2Collection? roots;

    /// <summary>Creates a client that uses the system's name resolution and trusted root certificates.</summary>
    public WebhookClient(AllowedHosts allowed, TimeProvider time)
        : this(allowed, time, Dns.GetHostAddressesAsync)
    {
    }

    /// <summary>
    /// Creates a client with its own name resolution, which trusts the given root certificates instead of the system's.
    /// </summary>
    internal WebhookClient(
        AllowedHosts allowed,
        TimeProvider time,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        X509Certificate2Collection? roots = null)
    {
        this.allowed = allowed;
        this.time = time;
        this.resolve = resolve;
        this.roots = roots;
    }

    /// <inheritdoc/>
    public async Task<WebhookResult> SendAsync(
        string url,
        ReadOnlyMemory<byte> body,
        IEnumerable<KeyValuePair<string, string>> headers,
        CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        if (WebhookUrl.InvalidReason(url, allowed) is not null)
        {
            return new WebhookResult(null, WebhookFailure.RefusedUrl, time.GetElapsedTime(began));
        }

        var address = new Uri(url);
        using var late = new CancellationTokenSource(MaxTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        var connection = new WebhookConnection(allowed.Contains(address), resolve, time, both.Token);
        using var client = new HttpMessageInvoker(Handler(connection));
        using var request = Request(address, body, headers);
        try
        {
            using var response = await client.SendAsync(request, both.Token);
            var text = await HttpBodies.ReadStartAsync(response.Content, MaxBodyBytes, both.Token);
            cancellation.ThrowIfCancellationRequested();
            return new WebhookResult(
                (int)response.StatusCode,
                null,
                time.GetElapsedTime(began),
                Texts.Truncate(text, MaxBodyCharacters),
                HttpBodies.ReadRetryAfter(response.Headers, WebhookSchedule.MaxRetryAfter, time));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // .NET throws a bare SocketException for a receiver that closes the connection as soon as it is open.
            // A cancellation may arrive wrapped in a connection error.
            cancellation.ThrowIfCancellationRequested();
            return new WebhookResult(null, connection.Failure ?? FailureOf(e), time.GetElapsedTime(began));
        }
    }

    private SocketsHttpHandler Handler(WebhookConnection connection) => new()
    {
        ConnectCallback = (context, _) => connection.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port),
        AllowAutoRedirect = false,
        UseProxy = false, // A proxy would resolve the name itself, without the check of the addresses.
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None, // A decompression bomb stays small.
        ActivityHeadersPropagator = null, // Receivers must not get Parley's trace ids.
        MaxResponseHeadersLength = MaxHeaderKilobytes,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = ChainPolicy() },
    };

    private X509ChainPolicy ChainPolicy()
    {
        // A certificate can contain URLs of its issuer's certificate and of revocation lists, and .NET would download
        // them from any address. Downloads are therefore disabled, and a receiver must send its intermediate
        // certificates, as TLS requires.
        var policy = new X509ChainPolicy
        {
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
            ApplicationPolicy = { new Oid("1.3.6.1.5.5.7.3.1") }, // server authentication (RFC 5280, section 4.2.1.12)
        };
        if (roots is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }

        return policy;
    }

    private static HttpRequestMessage Request(
        Uri url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ReadOnlyMemoryContent(body)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        request.Headers.ConnectionClose = true;
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Parley", null));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return request;
    }

    private static WebhookFailure FailureOf(Exception e) => (e as HttpRequestException)?.HttpRequestError switch
    {
        _ when e is OperationCanceledException => WebhookFailure.TimedOut,
        HttpRequestError.SecureConnectionError => WebhookFailure.TlsFailed,
        HttpRequestError.ConnectionError => WebhookFailure.NotConnected,
        HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded =>
            WebhookFailure.InvalidAnswer,
        _ => WebhookFailure.ConnectionLost,
    };
}
