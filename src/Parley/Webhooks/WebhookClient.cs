using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.Core;

namespace Parley.Webhooks;

/// <summary>
/// Makes one attempt at a callback. A handler per attempt: no connection is ever reused, so a check of the addresses comes before
/// every one; callbacks are too rare for the handshake to matter.
/// </summary>
public sealed class WebhookClient : IWebhookSender
{
    /// <summary>What is kept of an answer's body: enough to see what a receiver complains of.</summary>
    public const int MaxBodyCharacters = 500;

    /// <summary>From the name to the answer's headers, and to as much of the body as came by then. The specification asks for 15 to 30 s.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    /// <summary>Bytes that are read of a body: as many as so many characters (UTF-16) can be in UTF-8.</summary>
    private const int MaxBodyBytes = 3 * MaxBodyCharacters;

    /// <summary>KiB of headers in an answer; .NET takes 64.</summary>
    private const int MaxHeaderKilobytes = 16;

    private readonly AllowedHosts allowed;
    private readonly TimeProvider time;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    private readonly X509Certificate2Collection? roots;

    /// <summary>A client that resolves names as the system does.</summary>
    public WebhookClient(AllowedHosts allowed, TimeProvider time)
        : this(allowed, time, Dns.GetHostAddressesAsync)
    {
    }

    /// <summary>A client that asks somebody else what names resolve to, and trusts the given roots instead of the system's.</summary>
    internal WebhookClient(
        AllowedHosts allowed, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve, X509Certificate2Collection? roots = null)
    {
        this.allowed = allowed;
        this.time = time;
        this.resolve = resolve;
        this.roots = roots;
    }

    /// <inheritdoc/>
    public async Task<WebhookResult> SendAsync(
        string url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation)
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
            var text = Texts.Truncate(await HttpBodies.ReadStartAsync(response.Content, MaxBodyBytes, both.Token), MaxBodyCharacters);
            cancellation.ThrowIfCancellationRequested();
            return new WebhookResult((int)response.StatusCode, null, time.GetElapsedTime(began), text, HttpBodies.ReadRetryAfter(response.Headers, WebhookSchedule.MaxRetryAfter, time));
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // A cancellation may come wrapped in a failure to connect.
            cancellation.ThrowIfCancellationRequested();
            return new WebhookResult(null, connection.Failure ?? FailureOf(e), time.GetElapsedTime(began));
        }
    }

    private SocketsHttpHandler Handler(WebhookConnection connection) => new()
    {
        ConnectCallback = (context, _) => connection.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port),
        AllowAutoRedirect = false,
        UseProxy = false, // A proxy would resolve the name itself.
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None, // A bomb stays small.
        ActivityHeadersPropagator = null, // Nobody else's business.
        MaxResponseHeadersLength = MaxHeaderKilobytes,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = ChainPolicy() },
    };

    /// <summary>
    /// A certificate may name URLs where to get its issuer or a list of revoked ones, and .NET would fetch them from wherever they point
    /// to. So it fetches nothing, and a receiver has to send its intermediate certificates, as TLS says.
    /// </summary>
    private X509ChainPolicy ChainPolicy()
    {
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

    private static HttpRequestMessage Request(Uri url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
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
        HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded => WebhookFailure.InvalidAnswer,
        _ => WebhookFailure.ConnectionLost,
    };
}
