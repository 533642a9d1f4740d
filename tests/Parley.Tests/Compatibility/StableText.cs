using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Parley.Tests.Compatibility;

/// <summary>
/// Replaces the parts of responses that differ from run to run. Each UUID gets a number in the order of first
/// appearance.
/// </summary>
internal sealed partial class StableText(Uri api)
{
    private const int Patience = 10_000;

    // Digests and trace ids are replaced before UUIDs, because they can look like UUIDs.
    private static readonly (Regex Pattern, string Replacement)[] Rules =
    [
        Member("requestId", """ "[^"]+" """, "<trace>"),
        Rule("""(?<="id":")[0-9a-f]{16}(?=")""", "<entry>"),
        Member("traceId", """ "[^"]+" """, "<trace>"),
        Rule("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", "<trace>"),
        Member("sha256", """ "[0-9a-f]{64}" """, "<digest>"),
        Rule("sha-256=:[A-Za-z0-9+/]{43}=:", "sha-256=:<digest>:"),
        Rule("""(?<=")[0-9a-f]{64}(?=\\?")""", "<digest>"),
        Member("bytes", "[1-9][0-9]*", "<bytes>"),
        Member("durationMs", "[0-9]+", "<duration>"),
        Member("nextAttemptAt", """ "[^"]+" """, "<time>"),
        Member("version", """ "[0-9.]+" """, "<version>"),
        Member("commit", """ (null|"[0-9a-f]+") """, "<commit>"),
        Rule("parley_[A-Za-z0-9_-]{40,}", "parley_<key>"),
        Rule("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+", "<token>"),
        Rule("""(?<="(kid|x|y)":")[A-Za-z0-9_-]{43}(?=")""", "<value>"),
        Rule("whsec_[A-Za-z0-9+/]+=*", "whsec_<secret>"),
        Rule("v1,[A-Za-z0-9+/]{43}=", "v1,<signature>"),
        Rule("(?<=[?&]cursor=|u0026cursor=)[A-Za-z0-9_.~%-]{20,}", "<cursor>"),
        Rule("(?<=signature=|-signature\":\")[A-Za-z0-9_-]{22}", "<signature>"),
        Rule(
            """http://127\.0\.0\.1:[0-9]+/devstoreaccount1(/[^?"\s]+)\?[^"\s]*""",
            "http://storage.test$1?<signature>"),

        // The wait of a quota that comes back in 90,000 s.
        Rule("(?<![0-9])(8999[0-9]|90000)(?![0-9])", "<wait>"),
        Rule("(?<=localhost:)[0-9]{4,5}", "<port>"),
    ];

    private readonly Dictionary<Guid, int> numbers = [];

    /// <summary>The number of characters and the SHA-256 of a text.</summary>
    public static string Digest(string text) =>
        $"{text.Length} characters, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    /// <summary>Returns the text with its random parts replaced.</summary>
    public string Of(string text)
    {
        text = text.Replace(api.AbsoluteUri, "http://parley.test/api/", StringComparison.Ordinal);
        text = Rules.Aggregate(text, (so, rule) => rule.Pattern.Replace(so, rule.Replacement));
        return Uuid().Replace(text, match => $"uuid-{NumberOf(Guid.Parse(match.Value))}");
    }

    private int NumberOf(Guid id)
    {
        if (!numbers.TryGetValue(id, out var number))
        {
            numbers.Add(id, number = numbers.Count + 1);
        }

        return number;
    }

    private static (Regex Pattern, string Replacement) Member(string name, string value, string replacement) =>
        Rule($"\"{name}\":{value.Trim()}", $"\"{name}\":\"{replacement}\"");

    private static (Regex Pattern, string Replacement) Rule(string pattern, string replacement) =>
        (new Regex(pattern, RegexOptions.None, TimeSpan.FromMilliseconds(Patience)), replacement);

    [GeneratedRegex(
        @"(?<![0-9a-f])[0-9a-f]{8}(?<dash>-?)([0-9a-f]{4}\k<dash>){3}[0-9a-f]{12}(?![0-9a-f])",
        RegexOptions.ExplicitCapture,
        Patience)]
    private static partial Regex Uuid();
}
