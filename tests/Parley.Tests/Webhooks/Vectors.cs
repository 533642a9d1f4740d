using Xunit;

namespace Parley.Tests.Webhooks;

/// <summary>URLs and addresses that a webhook must not be sent to, and URLs that must be accepted.</summary>
public static class Vectors
{
    /// <summary>One or two addresses of each refused network, including its first and last.</summary>
    public static TheoryData<string> RefusedAddresses { get; } = Rows("""
        0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255
        127.0.0.0 127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 127.255.255.255 168.63.129.16
        169.254.0.0 169.254.0.23 169.254.169.253 169.254.169.254 169.254.170.2 169.254.255.255
        172.16.0.0 172.17.0.1 172.31.255.255 192.0.0.0 192.0.0.1 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.1 192.0.2.255
        192.88.99.0 192.88.99.1 192.168.0.0 192.168.0.1 192.168.255.255 198.18.0.0 198.18.0.1 198.19.255.255
        198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 224.0.0.251 239.255.255.255 240.0.0.0 240.0.0.1 255.255.255.254 255.255.255.255
        :: ::1 ::2 ::7f00:1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:0
        ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::8.8.8.8 64:ff9b:1::1 64:ff9b:1:ffff::10.0.0.1
        100::1 100::ffff:ffff:ffff:ffff 100:0:0:1::1 200::1 400::1 1000::1 1fff:ffff::1
        2001::1 2001:0:7f00:1::1 2001:2::1 2001:10::1 2001:1f:ffff::1 2001:20::1 2001:2f:ffff::1 2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff:ffff::1
        2002:7f00:1::1 2002:a9fe:a9fe::1 2002:808:808::1 3fff::1 3fff:fff:ffff::1 4000::1 5f00::1 8000::1 c000::1
        fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fdff:ffff::1 fe00::1 fe80::1 fe80::1%1 febf:ffff::1 fec0::1 feff:ffff::1 ff00::1 ff02::1 ff0e::1
        2606:4700:4700::1111%1 2001:4860:4860:0:0:5efe:10.0.0.1 2001:4860:4860:0:200:5efe:7f00:1
        """);

    /// <summary>Neighbours of the refused networks, and well-known addresses.</summary>
    public static TheoryData<string> PublicAddresses { get; } = Rows("""
        1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0
        198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
        2000::1 2001:200::1 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9::1 2003::1 2400:cb00::1 2606:4700:4700::1111 2a00:1450::1 3ffe::1 3fff:1000::1
        """);

    /// <summary>
    /// Spellings of addresses, and names and forms that URL parsers read differently. The port is a canary's.
    /// </summary>
    public static TheoryData<string> RefusedUrls { get; } = Rows("""
        https://127.0.0.1:{port}/ https://127.0.0.1:{port} https://127.1:{port}/ https://127.0.1:{port}/ https://2130706433:{port}/ https://0x7f000001:{port}/
        https://0x7f.0.0.1:{port}/ https://0x7f.0x0.0x0.0x1:{port}/ https://0X7F.1:{port}/ https://017700000001:{port}/ https://0177.0.0.1:{port}/ https://0177.0.0.01:{port}/
        https://0177.1:{port}/ https://00000177.0.0.1:{port}/ https://127.000.000.001:{port}/ https://127.0.0.1.:{port}/ https://127.1.:{port}/ https://0x7f.1.:{port}/
        https://2130706433.:{port}/ https://127.0.0.2:{port}/ https://127.255.255.254:{port}/ https://0:{port}/ https://0.0.0.0:{port}/ https://00:{port}/ https://0x0:{port}/
        https://0.0:{port}/ https://4294967297:{port}/ https://6425673729:{port}/ https://0x17f000001:{port}/ https://127.0.0.257:{port}/ https://383.0.0.1:{port}/
        https://127.0.0.1.0:{port}/ https://0x7f.0.0.0x:{port}/ https://09.1:{port}/ https://127.0.0.1e0:{port}/ https://127..1:{port}/ https://.127.0.0.1:{port}/
        https://10.1:{port}/ https://0xa000001:{port}/ https://012.1:{port}/ https://192.168.257:{port}/ https://0xc0a80001:{port}/ https://3232235521:{port}/
        https://169.254.169.254/ https://169.254.169.254/latest/meta-data/ https://169.254.43518/ https://169.16689662/ https://2852039166/ https://0xa9fea9fe/ https://0xA9.0xFE.0xA9.0xFE/
        https://0251.0376.0251.0376/ https://025177524776/ https://0251.254.0xa9.254/ https://168.63.129.16/ https://0xa83f8110/ https://100.100.100.200/ https://192.0.0.192/
        https://[::1]:{port}/ https://[0:0:0:0:0:0:0:1]:{port}/ https://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/ https://[::]:{port}/ https://[::0001]:{port}/
        https://[::127.0.0.1]:{port}/ https://[::ffff:127.0.0.1]:{port}/ https://[::ffff:7f00:1]:{port}/ https://[::FFFF:7F00:0001]:{port}/ https://[0:0:0:0:0:ffff:127.0.0.1]:{port}/
        https://[::ffff:0:127.0.0.1]:{port}/ https://[64:ff9b::127.0.0.1]:{port}/ https://[64:ff9b:1::7f00:1]:{port}/ https://[2002:7f00:1::]:{port}/ https://[2001:0:7f00:1::]:{port}/
        https://[::ffff:a9fe:a9fe]/ https://[::ffff:169.254.169.254]/ https://[64:ff9b::a9fe:a9fe]/ https://[2002:a9fe:a9fe::]/ https://[fd00:ec2::254]/ https://[fd20:ce::254]/
        https://[fe80::1]:{port}/ https://[fe80::1%25eth0]:{port}/ https://[fe80::1%1]:{port}/ https://[::1%25lo]:{port}/ https://[::1%lo]:{port}/ https://[fec0::1]/ https://[ff02::1]/
        https://[100::1]/ https://[5f00::1]/ https://[2001:db8::1]/ https://[3fff::1]/ https://[::1/ https://::1:{port}/ https://[127.0.0.1]:{port}/ https://[v1.127.0.0.1]:{port}/
        https://１２７.0.0.1:{port}/ https://127。0。0。1:{port}/ https://127．0．0．1:{port}/ https://127｡0｡0｡1:{port}/ https://①②⑦.⓪.⓪.①:{port}/ https://١٢٧.٠.٠.١:{port}/
        https://ⅼocalhost:{port}/ https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/ https://𝟏𝟐𝟕.𝟎.𝟎.𝟏:{port}/ https://127.0.0.1\u200b:{port}/ https://local\u00adhost:{port}/
        https://127%2e0%2e0%2e1:{port}/ https://%31%32%37.0.0.1:{port}/ https://%6c%6f%63alhost:{port}/ https://127.0.0.1%00.example.com:{port}/ https://%5b::1%5d:{port}/
        https://localhost:{port}/ https://LOCALHOST:{port}/ https://localhost.:{port}/ https://a.localhost:{port}/ https://printer.local/ https://metadata/ https://metadata.google.internal/
        https://metadata.google.internal./ https://router.home.arpa/ https://kubernetes.default.svc.cluster.local/ https://intranet/ https://com/
        https://good.example.com@127.0.0.1:{port}/ https://127.0.0.1:{port}@good.example.com/ https://@127.0.0.1:{port}/ https://good.example.com:443@127.0.0.1:{port}/ https://a:b@good.example.com/
        https://good.example.com\\@127.0.0.1:{port}/ https://127.0.0.1:{port}\\good.example.com/ https:\\\\127.0.0.1:{port}/ https:127.0.0.1:{port} https:/127.0.0.1:{port}/ https:///127.0.0.1:{port}/
        https:////127.0.0.1:{port}/ //127.0.0.1:{port}/ /hook 127.0.0.1:{port} good.example.com/hook https:// https://:{port}/ https://?x https://#x https://good.example.com:0/
        https://good.example.com:65536/ https://good.example.com:-1/ https://good.example.com:x/ https://good.example.com#x https://127.0.0.1:{port}#@good.example.com/
        https://127.0.0.1:{port}?@good.example.com/ https://good.example.com/a#b https://good..example.com/ https://-good.example.com/ https://good-.example.com/ https://.example.com/
        http://good.example.com/ http://127.0.0.1:{port}/ HTTP://127.0.0.1:{port}/ ftp://127.0.0.1:{port}/ file:///etc/passwd gopher://127.0.0.1:{port}/_x ws://127.0.0.1:{port}/
        ldap://127.0.0.1:{port}/ dict://127.0.0.1:{port}/ javascript:alert(1) data:text/plain,x unix:/run/x.sock jar:https://127.0.0.1!/ https+unix://%2Frun%2Fx.sock/
        https://good.example.com/\u00e9 https://good.example.com/\t https://good.example.com/\r\nX-Evil:1 https://good.example.com/\u0000 \u0020https://good.example.com/ https://good.example.com/\u0020
        https://good.example.com\u0020.evil.com/ https://b\u00fccher.example.com/ https://1.1.1.1.1/ https://1.2.3.4.5.6/ https://example.123/ https://example.0x7f/ https://256.256.256.256/
        """);

    /// <summary>Typical URLs of receivers.</summary>
    public static TheoryData<string> GoodUrls { get; } = Rows("""
        https://example.com https://example.com/ https://example.com? https://example.com/hook https://example.com/hook/ https://EXAMPLE.com/Hook HTTPS://example.com/hook https://example.com./hook
        https://example.com:443/hook https://example.com:8443/hook https://example.com:1/ https://example.com:65535/ https://www.example.org/a/b/c.php?x=1&y=2 https://example.com/?q=a%20b+c
        https://hooks.slack.com/services/T000/B000/XXXX https://hooks.zapier.com/hooks/catch/123/abc/ https://hook.eu1.make.com/abc123 https://discord.com/api/webhooks/1/a-b_c
        https://prod-12.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=a_b-c
        https://my-app.azurewebsites.net/api/hook?code=abc== https://abc.execute-api.us-east-1.amazonaws.com/prod/hook https://abc123.lambda-url.eu-west-1.on.aws/
        https://us-central1-my-project.cloudfunctions.net/hook https://hook-abc-uc.a.run.app/ https://my-app.herokuapp.com/hook https://my-app.vercel.app/api/hook https://my-app.netlify.app/.netlify/functions/hook
        https://abc.ngrok-free.app/hook https://abc.trycloudflare.com/ https://n8n.example.io/webhook/2f0c2e5e-7f0b-4a55-8d8b-6d9b3a1c0a11 https://webhook.site/2f0c2e5e-7f0b-4a55-8d8b-6d9b3a1c0a11
        https://xn--bcher-kva.example/hook https://xn--80ak6aa92e.com/ https://example.xn--p1ai/ https://xn--fiqs8s.xn--fiqs8s/ https://a.b.c.d.e.f.example.co.uk/ https://1password.com/hook https://3m.com/
        https://123.example.com/ https://0x7f.example.com/ https://127.0.0.1.example.com/ https://a_b.example.com/ https://_dmarc.example.com/ https://localhost.example.com/ https://internal.example.com/
        https://mylocal.com/ https://example.museum/ https://example.photography/ https://example.com/~user/hook https://example.com/a;b=c,d/(e)!*'$@: https://example.com/a@b?c=d@e https://example.com//double
        https://8.8.8.8/ https://1.1.1.1:8443/hook https://0x08080808/ https://134744072/ https://[2606:4700:4700::1111]/ https://[2001:4860:4860::8888]:8443/hook https://[2606:4700:4700::1.1.1.1]/
        """);

    private static TheoryData<string> Rows(string text) => new(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Distinct().Select(Unescaped));

    /// <summary>Characters that would end an entry, or that are invisible, are escaped as in C#.</summary>
    private static string Unescaped(string entry) => System.Text.RegularExpressions.Regex.Replace(
        entry, @"\\(u[0-9a-f]{4}|[trn\\])",
        match => match.Value[1] switch
        {
            'u' => ((char)Convert.ToInt32(match.Value[2..], 16)).ToString(),
            't' => "\t",
            'r' => "\r",
            'n' => "\n",
            var other => other.ToString(),
        },
        System.Text.RegularExpressions.RegexOptions.ExplicitCapture,
        TimeSpan.FromSeconds(1));
}
