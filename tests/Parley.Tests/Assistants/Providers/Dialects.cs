using System.Globalization;
using Parley.DevHost.Common;

namespace Parley.Tests.Assistants.Providers;

/// <summary>An answer of a provider in its own form, and what Parley reads from it.</summary>
/// <param name="Provider">The provider: the name of the file.</param>
/// <param name="Case">What the answer shows.</param>
/// <param name="Result">whole, or the error.</param>
/// <param name="Text">The text that is read.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="MediaType">The body's media type.</param>
/// <param name="Body">The body.</param>
internal sealed record Dialect(
    string Provider, string Case, string Result, string Text, int Status, string MediaType, string Body)
{
    public bool IsStream => MediaType == "text/event-stream";
}

/// <summary>
/// Reads the answers in <c>Dialects/</c>: a file for each provider, with its sources. A line <c>=== case | result |
/// text</c> begins an answer. Its first line may be <c>HTTP status media-type</c>; otherwise it is a stream.
/// </summary>
internal static class Dialects
{
    public static IReadOnlyList<Dialect> All { get; } = [.. Directory
        .EnumerateFiles(
            Path.Combine(Repository.Root, "tests", "Parley.Tests", "Assistants", "Providers", "Dialects"), "*.txt")
        .Order(StringComparer.Ordinal)
        .SelectMany(Read)];

    private static IEnumerable<Dialect> Read(string path) => File.ReadAllText(path)
        .Split("\n=== ")
        .Skip(1)
        .Select(answer =>
        {
            var (title, body) = Cut(answer);
            var fields = title.Split('|', StringSplitOptions.TrimEntries);
            var (status, mediaType) = (200, "text/event-stream");
            if (body.StartsWith("HTTP ", StringComparison.Ordinal))
            {
                (var head, body) = Cut(body);
                status = int.Parse(head.Split(' ')[1], CultureInfo.InvariantCulture);
                mediaType = head.Split(' ')[2];
            }

            // An event ends with an empty line, which separates the answers here.
            return new Dialect(
                Path.GetFileNameWithoutExtension(path), fields[0], fields[1], fields[2], status, mediaType,
                body.TrimEnd('\n') + "\n\n");
        });

    private static (string Line, string Remaining) Cut(string text)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        return (text[..end], text[(end + 1)..]);
    }
}
