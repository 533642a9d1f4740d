using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

/// <summary>Validation of certificates, which makes no calls of its own.</summary>
public sealed class WebhookTlsTests : IDisposable
{
    private const string Host = "hooks.example.com";
    private const string Server = "1.3.6.1.5.5.7.3.1";
    private const string Client = "1.3.6.1.5.5.7.3.2";
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Canary canary = new();
    private readonly X509Certificate2 root;

    public WebhookTlsTests()
    {
        var request = new CertificateRequest("CN=Root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root = request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task A_certificate_of_the_host_by_a_trusted_root_is_accepted() =>
        Assert.Equal(200, (await SendAsync(Certificate(Host, Server, Now.AddDays(1)), root)).Status);

    [Fact]
    public async Task Other_certificates_are_rejected()
    {
        Assert.Equal(WebhookFailure.TlsFailed, (await SendAsync(Certificate("other.example.com", Server, Now.AddDays(1)), root)).Failure);
        Assert.Equal(WebhookFailure.TlsFailed, (await SendAsync(Certificate(Host, Client, Now.AddDays(1)), root)).Failure);
        Assert.Equal(WebhookFailure.TlsFailed, (await SendAsync(Certificate(Host, Server, Now.AddMinutes(-5)), root)).Failure);
        Assert.Equal(WebhookFailure.TlsFailed, (await SendAsync(Certificate(Host, Server, Now.AddDays(1)), null)).Failure);
    }

    [Fact]
    public async Task URLs_in_a_certificate_are_not_fetched()
    {
        // Neither the issuer nor the revocation list is fetched, whether the root is known or not.
        await SendAsync(Certificate(Host, Server, Now.AddDays(1)), root);
        await SendAsync(Certificate(Host, Server, Now.AddDays(1)), null);

        Assert.False(canary.WasVisited);
    }

    [Fact]
    public async Task A_server_without_tls_gets_no_request()
    {
        using var plain = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        var sending = SendAsync(((IPEndPoint)plain.LocalEndpoint).Port, null);
        using (var socket = await plain.AcceptSocketAsync())
        {
            await socket.SendAsync("220 mail.example.com ESMTP\r\n"u8.ToArray());
            await socket.ReceiveAsync(new byte[1]);
        }

        Assert.Equal(WebhookFailure.TlsFailed, (await sending).Failure);
    }

    public void Dispose()
    {
        root.Dispose();
        key.Dispose();
        canary.Dispose();
    }

    private static async Task<WebhookResult> SendAsync(X509Certificate2 certificate, X509Certificate2? trusted)
    {
        using var receiver = new Receiver(
            stream => stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray()).AsTask(), certificate: certificate);
        return await SendAsync(receiver.Port, trusted);
    }

    private static Task<WebhookResult> SendAsync(int port, X509Certificate2? trusted) =>
        new WebhookClient(
            AllowedHosts.Parse(Host), TimeProvider.System, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), trusted is null ? null : [trusted])
            .SendAsync($"https://{Host}:{port}/", "{}"u8.ToArray(), [], CancellationToken.None);

    private X509Certificate2 Certificate(string host, string usage, DateTimeOffset until)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        var canaryUrl = $"http://127.0.0.1:{canary.Port}/";
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([canaryUrl], [canaryUrl]));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([canaryUrl]));
        using var signed = request.Create(root, Now.AddDays(-1), until, [1, 2, 3, 4]);
        return signed.CopyWithPrivateKey(own);
    }
}
