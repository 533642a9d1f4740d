using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.AI;
using Parley.Assistants.Providers;
using Parley.Testing;
using Parley.Tests.DevHost;

namespace Parley.Tests.Assistants.Providers;

/// <summary>
/// The exact bytes that a chat completions server sends, and the parts that a client reads from them.
/// </summary>
internal static class ChatCompletionsWire
{
    public const string Key = "sk-test-0123456789abcdef";
    public const string Done = "data: [DONE]\n\n";
    public const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

    public static readonly ChatMessage[] Hello = [new(ChatRole.User, "Hello")];

    public static string Event(string json) => $"data: {json}\n\n";

    public static string Delta(string delta, string finish = "null") => Event(
        $$"""{"id":"c1","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}]}""");

    /// <summary>
    /// A part with unescaped characters, as most servers send them; .NET would escape those beyond the basic plane as
    /// <c>\u…</c>.
    /// </summary>
    public static string Text(string text) => Delta(
        $$"""{"content":"{{string.Concat(text.Select(c => c is '"' or '\\' or < ' ' ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()))}}"}""");

    public static string Finish(string reason = "stop") => Delta("{}", $"\"{reason}\"");

    /// <summary>A response with a status other than 200.</summary>
    public static string Response(int status, string body, string headers = "") =>
        $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    /// <summary>A complete stream in chunks that end at these positions.</summary>
    public static byte[] Chunked(string events, params IEnumerable<int> cuts)
    {
        var bytes = Encoding.UTF8.GetBytes(events);
        var chunked = new List<byte>(Encoding.ASCII.GetBytes(Head));
        var from = 0;
        foreach (var to in cuts.Append(bytes.Length).Where(to => to > 0 && to <= bytes.Length).Distinct().Order())
        {
            chunked.AddRange(Chunk(bytes.AsSpan(from, to - from)));
            from = to;
        }

        chunked.AddRange("0\r\n\r\n"u8);
        return [.. chunked];
    }

    /// <summary>The head and a first chunk, without an end.</summary>
    public static byte[] Beginning(string events) => [.. Encoding.ASCII.GetBytes(Head), .. Chunk(Encoding.UTF8.GetBytes(events))];

    public static byte[] Chunk(ReadOnlySpan<byte> bytes) => [.. Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), .. bytes, .. "\r\n"u8];

    /// <summary>Waits until the client has closed or reset the connection.</summary>
    public static async Task GoneAsync(Stream stream)
    {
        var buffer = new byte[1];
        try
        {
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The client reset the connection.
        }
    }

    /// <summary>Ends a connection with a reset.</summary>
    public static void Reset(Stream stream)
    {
        var socket = ((NetworkStream)stream).Socket;
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Waits until a timer of <paramref name="time"/> is set for that time or an earlier one.</summary>
    public static async Task TimerSetAsync(ManualTime time, DateTimeOffset due)
    {
        using var late = new CancellationTokenSource(Wait.Limit, TimeProvider.System);
        while (!(time.NextDue <= due))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, late.Token);
        }
    }

    /// <summary>A port without a listener.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A provider at a loopback port, with an idle timeout of one minute.</summary>
    public static AssistantProvider Provider(int port, TimeProvider time, string scheme = "http") =>
        Provider(new OpenAIChatClient(new Uri($"{scheme}://127.0.0.1:{port}/v1"), Key, "model-1", countsTokens: false, time));

    public static AssistantProvider Provider(IChatClient client) => new("main", "openai", "model-1", client, TimeSpan.FromMinutes(1), Tenants: null);

    /// <summary>For readers that do not count tokens.</summary>
    public static void Ignore(UsageDetails used)
    {
    }

    /// <summary>Reads a reply to its end and returns its parts and the failure, if any.</summary>
    public static async Task<(List<string> Parts, AssistantException? Failure)> ReadStreamAsync(AssistantProvider provider, TimeProvider time)
    {
        using var client = provider.Client;
        var parts = new List<string>();
        try
        {
            await foreach (var part in ProviderStream.ReadAsync(provider, Hello, new ChatOptions(), Ignore, time, CancellationToken.None))
            {
                parts.Add(part);
            }
        }
        catch (AssistantException e)
        {
            return (parts, e);
        }

        return (parts, null);
    }
}
