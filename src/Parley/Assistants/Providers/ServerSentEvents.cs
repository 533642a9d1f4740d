using System.Runtime.CompilerServices;
using System.Text;

namespace Parley.Assistants.Providers;

/// <summary>An event of an event stream.</summary>
/// <param name="Type">The event's name; <c>message</c> when the server sent none.</param>
/// <param name="Data">The lines of the event's data.</param>
internal sealed record ServerSentEvent(string Type, string Data);

/// <summary>
/// Reads an event stream (WHATWG HTML, 9.2.6). The parser of .NET is not used: it hides comments and events without
/// data, which providers send to show that they are alive.
/// </summary>
internal static class ServerSentEvents
{
    private const string DefaultType = "message";

    // Earlier versions of llama.cpp send an error as a field "error", and then [DONE].
    private const string Error = "error";

    /// <summary>
    /// Returns the events in order, and null for each comment and for each event without data. An event that the stream
    /// ends in is dropped, as the standard says.
    /// </summary>
    /// <param name="body">The stream. It is not disposed.</param>
    /// <param name="maxEventBytes">
    /// The limit of an event's size. It also ends the reading of a response that has no lines.
    /// </param>
    /// <exception cref="AssistantException">An event is longer than the limit.</exception>
    public static async IAsyncEnumerable<ServerSentEvent?> ReadAsync(
        Stream body, int maxEventBytes, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var metered = new MeteredStream(body, maxEventBytes);
        using var reader = new StreamReader(
            metered, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        var (type, data) = (DefaultType, (StringBuilder?)null);
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Length == 0)
            {
                metered.Reset();
                yield return data is null ? null : new ServerSentEvent(type, data.ToString());
                (type, data) = (DefaultType, null);
                continue;
            }

            var (field, value) = Split(line);
            switch (field)
            {
                case "":
                    yield return null;
                    break;
                case "event":
                    type = value;
                    break;
                case "data":
                    data = AppendLine(data, value);
                    break;
                case Error:
                    type = Error;
                    data = AppendLine(data, value);
                    break;
            }

            if (data is null)
            {
                metered.Reset();
            }
        }
    }

    private static StringBuilder AppendLine(StringBuilder? data, string line) =>
        data is null ? new StringBuilder(line) : data.Append('\n').Append(line);

    /// <summary>The name and the value of a field. The name of a comment is empty.</summary>
    private static (string Field, string Value) Split(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return (line, "");
        }

        var value = line.AsSpan(colon + 1);
        return (line[..colon], (value is [' ', ..] ? value[1..] : value).ToString());
    }
}
