using System.Text;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>Query strings, headers and forms that are laborious to read.</summary>
internal static class RequestParts
{
    public const string Boundary = "b";

    /// <summary>A query string as clients send it, with parameters that no operation takes.</summary>
    public static string PlainQuery(int size) => $"?{Numbered(i => $"filter{i}=word&", size)}";

    /// <summary>Query strings of about a number of characters.</summary>
    /// <param name="names">The parameters of the operation.</param>
    /// <param name="size">Characters.</param>
    public static IEnumerable<string> Queries(IReadOnlyList<string> names, int size)
    {
        foreach (var name in names.Append("x"))
        {
            foreach (var value in new[] { "1", "a", "%0A", "%5C", "%C3%A9", "+", "2026-01-01T00:00:00Z", "," })
            {
                yield return $"?{name}={Repeat(value, size)}";
            }

            yield return $"?{Repeat($"{name}=1&", size)}";
            yield return $"?{Repeat($"{name}[]=1&", size)}";
            yield return $"?{Repeat($"{name}[0]=1&", size)}";
            yield return $"?{Numbered(i => $"{name}[{i}]=1&", size)}";
            yield return $"?{Numbered(i => $"{name}[a{i}]=1&", size)}";
        }

        yield return $"?{Numbered(i => $"{i:x}&", size)}";
        yield return $"?{Numbered(i => $"{i:x}[&", size)}";
        yield return $"?{Repeat("&", size)}";
        yield return $"?{Repeat("[", size)}";
        yield return $"?{Repeat("=", size)}";
    }

    /// <summary>Headers with values of about a number of characters.</summary>
    public static IEnumerable<(string Name, string Value)> Headers(int size)
    {
        foreach (var name in new[] { "If-Match", "If-None-Match" })
        {
            foreach (var tag in new[] { "\"1\",", "W/\"1\",", ",", "*,", "\"", "\"1\" ", "a" })
            {
                yield return (name, Repeat(tag, size));
            }
        }

        foreach (var name in new[] { "Content-Type", "Authorization", "Idempotency-Key", "X-Tenant", "Origin" })
        {
            foreach (var value in new[] { "a", ";", "=", "\"", "\\\"", "a=b;", "a=\"b\";", "a=\"\\\"\";", "0", "1.0", ",", " a", "Bearer ", "http://a" })
            {
                yield return (name, Repeat(value, size));
            }
        }

        foreach (var value in new[] { "1.", "application/json;a=\"", "application/json;", "https://" })
        {
            yield return ("X-Tenant", value + Repeat("0", size));
            yield return ("Content-Type", value + Repeat("a=\"\\\";", size));
            yield return ("Origin", value + Repeat("a.", size));
        }
    }

    /// <summary>A form of one part.</summary>
    public static byte[] PlainForm(string name, int size) => Form(Part(name, new string('a', size)));

    /// <summary>Forms of about a number of bytes.</summary>
    public static IEnumerable<(string Name, byte[] Body)> Forms(int size)
    {
        yield return ("almost boundaries", Form(Part("unknown", Repeat("\r\n--", size))));
        yield return ("line breaks", Form(Part("unknown", Repeat("\r\n", size))));
        yield return ("hyphens", Form(Part("unknown", Repeat("-", size))));
        yield return ("many parts", Form(string.Concat(Enumerable.Repeat(Part("unknown", new string('a', size / 1000)), 990))));
        yield return ("many empty parts", Form(string.Concat(Enumerable.Repeat(Part("message", ""), 990))));
        yield return ("many texts", Form(string.Concat(Enumerable.Repeat(Part("message", "a"), 990))));
        foreach (var unit in new[] { "a", ";", "a=\"", "a=b;", "\\\"", "=?UTF-8?Q?a?= ", "=?UTF-8?B?YQ==?= ", "%41", "%22" })
        {
            yield return ($"a file name of {unit}", Headed(unit, "filename=\""));
            yield return ($"an extended file name of {unit}", Headed(unit, "filename*=UTF-8''"));
        }

        byte[] Headed(string unit, string name)
        {
            const int HeaderBytes = 15_000;
            var part = $"--{Boundary}\r\nContent-Disposition: form-data; name=\"unknown\"; {name}{Repeat(unit, HeaderBytes)}\"\r\n\r\n\r\n";
            return Form(string.Concat(Enumerable.Repeat(part, size / HeaderBytes)));
        }
    }

    private static byte[] Form(string parts) => Encoding.UTF8.GetBytes($"{parts}--{Boundary}--\r\n");

    private static string Part(string name, string content) =>
        $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n";

    private static string Repeat(string unit, int size) =>
        new StringBuilder().Insert(0, unit, Math.Max(1, size / unit.Length)).ToString();

    private static string Numbered(Func<int, string> create, int size)
    {
        var text = new StringBuilder();
        for (var i = 0; text.Length < size; i++)
        {
            text.Append(create(i));
        }

        return text.ToString();
    }
}
