using System.Net;
using Parley.Testing;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

/// <summary>
/// Addresses that Parley does not call: each vector is refused by the rules and by the client, and no listener nearby
/// sees a connection.
/// </summary>
public sealed class RefusalTests(Canary canary) : IClassFixture<Canary>
{
    private static readonly IPAddress Public = IPAddress.Parse("2606:4700:4700::1111");

    [Fact]
    public void There_are_enough_vectors() => Assert.True(Vectors.RefusedAddresses.Count >= 100 && Vectors.RefusedUrls.Count >= 150 && Vectors.GoodUrls.Count >= 50);

    [Theory]
    [MemberData(nameof(Vectors.RefusedUrls), MemberType = typeof(Vectors))]
    public async Task A_bad_url_is_refused_and_not_called(string template)
    {
        var url = template.Replace("{port}", $"{canary.Port}", StringComparison.Ordinal);
        var resolved = false;
        var client = new WebhookClient(AllowedHosts.None, TimeProvider.System, (_, _) =>
        {
            resolved = true;
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        });

        Assert.NotNull(WebhookUrl.InvalidReason(url, AllowedHosts.None));
        Assert.Equal(WebhookFailure.RefusedUrl, (await client.SendAsync(url, default, [], CancellationToken.None)).Failure);
        Assert.False(resolved);
        Assert.False(canary.WasVisited);
    }

    [Theory]
    [MemberData(nameof(Vectors.RefusedAddresses), MemberType = typeof(Vectors))]
    public async Task A_name_of_a_bad_address_is_not_called(string text)
    {
        var address = IPAddress.Parse(text);

        Assert.False(RefusedNetworks.IsPublic(address));
        foreach (var answer in new IPAddress[][] { [address], [address, Public], [Public, address], [Public, Public, Public, Public, Public, address] })
        {
            var client = new WebhookClient(AllowedHosts.None, TimeProvider.System, (_, _) => Task.FromResult(answer));
            var result = await client.SendAsync($"https://hooks.example.com:{canary.Port}/", default, [], CancellationToken.None);

            Assert.Equal((null, WebhookFailure.RefusedAddress), (result.Status, result.Failure));
        }

        Assert.False(canary.WasVisited);
    }

    [Theory]
    [MemberData(nameof(Vectors.PublicAddresses), MemberType = typeof(Vectors))]
    public void The_neighbours_of_refused_networks_are_public(string address) => Assert.True(RefusedNetworks.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [MemberData(nameof(Vectors.GoodUrls), MemberType = typeof(Vectors))]
    public void A_good_url_is_accepted(string url) => Assert.Null(WebhookUrl.InvalidReason(url, AllowedHosts.None));

    [Fact]
    public async Task A_name_that_resolves_to_a_bad_address_later_is_not_called()
    {
        // The address from an earlier resolution is not reused, and a good address is not remembered: the last one is
        // bad every time.
        var attempts = 0;
        var client = new WebhookClient(AllowedHosts.None, TimeProvider.System, (_, _) =>
            Task.FromResult<IPAddress[]>(++attempts % 2 == 0 ? [] : [IPAddress.Loopback]));

        Assert.Null(WebhookUrl.InvalidReason("https://rebind.example.com/", AllowedHosts.None));
        for (var i = 1; i <= 6; i++)
        {
            var result = await client.SendAsync($"https://rebind.example.com:{canary.Port}/", default, [], CancellationToken.None);
            Assert.Equal(i % 2 == 0 ? WebhookFailure.NameNotResolved : WebhookFailure.RefusedAddress, result.Failure);
            Assert.Equal(i, attempts);
        }

        Assert.False(canary.WasVisited);
    }

    [Fact]
    public async Task The_canary_detects_a_connection()
    {
        using var own = new Canary();
        var client = new WebhookClient(AllowedHosts.Parse("127.1.2.3"), TimeProvider.System);

        var calling = client.SendAsync($"http://127.1.2.3:{own.Port}/", default, [], CancellationToken.None);
        await Eventually.TrueAsync(() => own.WasVisited);
        own.Dispose();
        await calling;
    }

    [Fact]
    public void Allowed_hosts_are_exact_names()
    {
        var allowed = AllowedHosts.Parse(" localhost ,Hooks.Test, [::1],, 127.0.0.1");

        Assert.All(
            ["http://localhost/", "https://LOCALHOST:7071/x", "http://hooks.test:80/", "http://[::1]:9/", "http://127.0.0.1/", "http://127.1/"],
            url => Assert.Null(WebhookUrl.InvalidReason(url, allowed)));
        Assert.All(
            ["http://localhost./", "http://a.localhost/", "http://localhost.evil.com/", "http://hooks.testing/", "http://test/", "http://[::2]/", "http://127.0.0.2/", "http://a@localhost/", "http://localhost/#a", "ftp://localhost/"],
            url => Assert.NotNull(WebhookUrl.InvalidReason(url, allowed)));
    }

    [Fact]
    public void A_url_has_at_most_2000_characters()
    {
        var longest = "https://example.com/".PadRight(2_000, 'a');

        Assert.Null(WebhookUrl.InvalidReason(longest, AllowedHosts.None));
        Assert.Equal("Must be at most 2000 characters.", WebhookUrl.InvalidReason(longest + "a", AllowedHosts.None));
    }

    [Theory]
    [InlineData("http://example.com/", "Must be https.")]
    [InlineData("https://10.0.0.1/", "Must be a public address.")]
    [InlineData("https://localhost/", "Must have a host name of the public DNS, or a public address.")]
    [InlineData("https://a:b@example.com/", "Must have no user name or password: callbacks are signed.")]
    [InlineData("https://example.com/#a", "Must have no fragment: it would not be sent.")]
    [InlineData("https://example.com:0/", "Must have a port from 1 to 65535, or none.")]
    public void The_reason_names_the_violated_rule(string url, string invalid) => Assert.Equal(invalid, WebhookUrl.InvalidReason(url, AllowedHosts.None));
}
