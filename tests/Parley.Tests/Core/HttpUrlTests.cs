using Parley.Core;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Core;

public class HttpUrlTests
{
    private const string Form = "Must be in ASCII without spaces";
    private const string UserInfo = "Must have no user name or password";
    private const string Url = "Must be an absolute http or https URL.";
    private const string Host = "Must have a host name";

    [Theory]
    [InlineData("https://example.com/a.png")]
    [InlineData("http://example.com")]
    [InlineData("HTTPS://Example.COM:8443/a?b=c&d=%22#e")]
    [InlineData("http://localhost/a")]
    [InlineData("http://10.0.0.7/a")]
    [InlineData("https://intranet/a")]
    [InlineData("https://[::1]/a")]
    [InlineData("https://xn--bcher-kva.example/%C3%A9?q=it's(1)*,;:@!$")]
    public void A_link_to_any_host_is_accepted(string url) => Assert.Null(HttpUrl.InvalidLinkReason(url));

    [Theory]
    [InlineData("", Url)]
    [InlineData("/a", Url)]
    [InlineData("example.com/a", Url)]
    [InlineData("ftp://example.com/a", Url)]
    [InlineData("javascript:alert(1)//https://example.com", Url)]
    [InlineData("data:text/html,x", Url)]
    [InlineData("https://", Url)]
    [InlineData("https://example.com/a\"onerror=\"x", Form)]
    [InlineData("https://example.com/a b", Form)]
    [InlineData("https://example.com/a\r\nSet-Cookie: a=b", Form)]
    [InlineData("https://example.com/a\n", Form)]
    [InlineData(" https://example.com/a", Form)]
    [InlineData("https://example.com/\u202Egnp.exe", Form)]
    [InlineData("https://example.com/\u2066a", Form)]
    [InlineData("https://example.com/\u0001", Form)]
    [InlineData("https://example.com/<script>", Form)]
    [InlineData("https://example.com\\@evil.example/", Url)]
    [InlineData("https:/example.com/a", Url)]
    [InlineData("https:example.com", Url)]
    [InlineData("https://bücher.example/", Form)]
    [InlineData("https://example.com/é", Form)]
    [InlineData("https://①②⑦.⓪.⓪.①/", Form)]
    [InlineData("https://me:secret@example.com/a", UserInfo)]
    [InlineData("https://me@example.com/a", UserInfo)]
    [InlineData("https://@example.com/a", UserInfo)]
    [InlineData("https://ex%61mple.com/a", Host)]
    public void Another_text_is_refused(string url, string reason) =>
        Assert.StartsWith(reason, HttpUrl.InvalidLinkReason(url), StringComparison.Ordinal);

    /// <summary>The link has the form of callback URLs, whatever character stands wherever.</summary>
    [Fact]
    public void Every_character_is_accepted_where_callback_urls_accept_it()
    {
        foreach (var place in new Func<string, string>[]
            { text => $"https://example.com/a{text}b", text => $"https://example.com/?{text}", text => $"https://exa{text}mple.com/" })
        {
            foreach (var character in Enumerable.Range(0, 0x3000).Select(code => $"{(char)code}").Append("\uFEFF").Append("😀"))
            {
                var url = place(character);
                var isCallback = WebhookUrl.InvalidReason(url, AllowedHosts.None) is null;

                // Callback URLs have no fragment, and their hosts are names of the public DNS.
                Assert.True(
                    isCallback ? HttpUrl.InvalidLinkReason(url) is null : HttpUrl.InvalidLinkReason(url) is not null || character == "#"
                        || url.StartsWith($"https://exa{character}", StringComparison.Ordinal),
                    $"U+{(int)character[0]:X4} in {url}");
            }
        }
    }
}
