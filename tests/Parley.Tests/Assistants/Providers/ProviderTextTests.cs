using System.Text;
using Parley.Tests.Assistants.Completions;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>
/// A unique text at every place where a server can put one. It is in no failure and in no log line, nor are the name and
/// the texts of the chatbot that the server was sent.
/// </summary>
public class ProviderTextTests
{
    /// <summary>
    /// In the answers below it is written as §. It has lower-case letters and digits, so that no spelling of names changes
    /// it.
    /// </summary>
    private const string Unique = "zqxcanary7731";

    private static readonly int[] Statuses = [201, 302, 400, 401, 403, 404, 408, 413, 422, 429, 500, 503, 529];

    private static readonly string[] Errors =
    [
        """{"error":{"message":"§"}}""", """{"error":{"code":"§"}}""", """{"error":{"type":"§"}}""", """{"error":{"code":"§","type":"invalid_request_error","param":"§"}}""",
        """{"error":{"status":"§","status_code":"§","raw_status_code":"§","code":400}}""", """{"error":"§"}""", """{"error":["§"]}""", """{"error":{"§":"§"}}""",
        """{"error":{"code":"content_filter","message":"§","innererror":{"code":"§"}}}""", """{"error":{"code":403,"metadata":{"flagged_input":"§","raw":"§"}}}""",
        """{"object":"error","message":"§","type":"§","code":"§"}""", """{"message":"§"}""", """{"detail":"§"}""", """{"detail":[{"msg":"§","input":"§"}]}""", """{"§":"§"}""",
        """{"error":{"message":"§""", """{"error":§}""", """{"error":{"message":"\ud83d§","code":"\ud83d§"}}""", "§", "<html>§</html>", """["§"]""", "\"§\"", "{§",
    ];

    private static readonly string[] Chunks =
    [
        Finish("§"), Finish("content_filter: §"), Finish("error: §"), Finish("§\\n§"),
        Event("""{"choices":[{"delta":{},"finish_reason":"stop","native_finish_reason":"§"}],"id":"§","model":"§"}"""),
        Event("""{"choices":[{"delta":{},"finish_reason":"stop","provider_specific_fields":{"native_finish_reason":"§"}}]}"""),
        Event("""{"choices":[{"delta":{},"finish_reason":["§"]}]}"""), Delta("""{"refusal":"§"}"""), Delta("""{"role":"§"}"""), Delta("""{"content":[{"type":"§","text":"§"}]}"""),
        Delta("""{"content":[{"type":"refusal","refusal":"§"}]}"""), Delta("""{"content":{"§":5}}"""), Delta("""{"content":5,"§":1}"""), Delta("\"§\""), Event("""{"choices":"§"}"""),
        Event("""{"choices":{"§":"§"}}"""), Event("""{"choices":["§"]}"""), Event("""{"§":[,]}"""), Event("""{"choices":[{"§":§}]}"""), Event("""{"usage":"§","error":{"§":1}}"""),
        Event("§"), Event("""{"object":"§"}"""), Event("""{"object":5,"§":""}"""), "§\n\n", "§: §\n\n", ": §\n\n", "event: §\ndata: §\n\n", "id: §\nretry: §\n\n", "error: §\n\n",
        "data: {\"choices\":[{\"§", "event: error\ndata: §\n\n", "event: error\ndata: {\"code\":\"§\"}\n\n",
    ];

    private static readonly string[] Heads =
    [
        "§", "§\r\n\r\n", "HTTP/§ 200 OK\r\n\r\n", "HTTP/1.1 §\r\n\r\n", "HTTP/1.1 200§ §\r\n\r\n", "HTTP/1.1 500 §\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 429 §\r\nRetry-After: §\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 §\r\n§\r\n\r\n", "HTTP/1.1 200 OK\r\n§ §: §\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: §\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: §\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n§\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;§\r\ndata:§", "HTTP/1.1 302 §\r\nLocation: http://§.invalid/§\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 407 §\r\nProxy-Authenticate: §\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 §\r\nWWW-Authenticate: Basic realm=\"§\"\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: §/§; charset=§\r\nServer: §\r\nX-Request-Id: §\r\nSet-Cookie: §=§\r\nContent-Length: 13\r\n\r\n§",
        "HTTP/1.1 500 §\r\nContent-Type: text/html; charset=§\r\nContent-Encoding: §\r\nContent-Length: 13\r\n\r\n§", "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=§\r\nContent-Length: 13\r\n\r\n§", "HTTP/1.1 101 §\r\nUpgrade: §\r\nConnection: Upgrade\r\n\r\n",
    ];

    [Fact]
    public async Task No_text_of_a_provider_is_in_a_failure_or_in_the_log()
    {
        var (answers, failures, lines) = (0, 0, 0);
        foreach (var answer in Answers())
        {
            var shown = Encoding.UTF8.GetString(answer);
            using var server = new Receiver(stream => stream.WriteAsync(answer).AsTask());
            var (_, failure) = await ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);
            Assert.False($"{failure}".Contains(Unique, StringComparison.OrdinalIgnoreCase), $"{shown}\n\n{failure}");

            var (ended, logged) = await ReplyRun.RunAsync(server.Port, "m", Unique, Unique);
            Assert.All(logged, line => Assert.False(line.Contains(Unique, StringComparison.OrdinalIgnoreCase), $"{shown}\n\n{line}"));
            Assert.Equal(failure is not null, ended.Error is not null);
            Assert.Equal(failure is null ? 0 : 1, logged.Count);
            Assert.All(logged, line => Assert.StartsWith("1402 The provider of chatbot ", line, StringComparison.Ordinal));
            (answers, failures, lines) = (answers + 1, failures + (failure is null ? 0 : 1), lines + logged.Count);
        }

        Assert.Equal(failures, lines);
        Assert.InRange(failures, answers * 3 / 4, answers - 1);
    }

    private static IEnumerable<byte[]> Answers()
    {
        var random = new Random(1);
        foreach (var body in Errors)
        {
            var headers = random.Next(2) == 0 ? "" : "Retry-After: §\r\nX-Error: §\r\nLocation: /§\r\n";
            yield return Bytes(Response(Statuses[random.Next(Statuses.Length)], Fill(body), headers));
            yield return Bytes(Response(Statuses[random.Next(Statuses.Length)], Fill(body), headers));
            yield return Bytes(Response(200, Fill(body), headers));
            yield return Stream(Event(body));
            yield return Stream(Text("a") + "event: error\n" + Event(body));
        }

        foreach (var chunk in Chunks)
        {
            yield return Stream(chunk);
            yield return Stream(Text("a") + chunk + (random.Next(2) == 0 ? Done : Finish()));
        }

        foreach (var head in Heads)
        {
            yield return Bytes(head);
        }
    }

    private static byte[] Stream(string events) => Chunked(Fill(events), 9, 30);

    private static byte[] Bytes(string answer) => Encoding.UTF8.GetBytes(Fill(answer));

    private static string Fill(string answer) => answer.Replace("§", Unique, StringComparison.Ordinal);
}
