using System.Text;
using Parley.Assistants.Providers;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>Complete replies, in every form in which servers send them.</summary>
public class OpenAIStreamTests
{
    private const string EnumNames = "Olá ação – 漢字 🙂👩‍👧 end\n\"quoted\" \\ \u0000";

    private static readonly string Usual =
        Delta("""{"role":"assistant","content":"","refusal":null}""") + string.Concat(EnumNames.Split(' ').Select(word => Text(word + " "))) + Finish()
        + Event("""{"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}""") + Done;

    [Fact]
    public async Task Parts_come_as_they_were_sent()
    {
        var (parts, failure) = await ReadStreamAsync(Chunked(Usual));

        Assert.Null(failure);
        Assert.Equal(EnumNames.Split(' ').Select(word => word + " "), parts);
    }

    [Fact]
    public async Task Chunks_may_end_anywhere()
    {
        var length = Encoding.UTF8.GetByteCount(Usual);
        foreach (var seed in Enumerable.Range(1, 30))
        {
            var random = new Random(seed);
            var cuts = seed == 1 ? Enumerable.Range(1, length - 1) : Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(1, length)).ToArray();
            var (parts, failure) = await ReadStreamAsync(Chunked(Usual, cuts));

            Assert.Null(failure);
            Assert.Equal(EnumNames + " ", string.Concat(parts));
        }
    }

    [Fact]
    public async Task Characters_may_be_split_between_packets()
    {
        using var server = new Receiver(async stream =>
        {
            stream = Undelayed(stream);
            var bytes = Encoding.UTF8.GetBytes(Text("🙂") + Finish() + Done);
            var smile = Array.IndexOf(bytes, (byte)0xf0);
            Assert.InRange(smile, 1, bytes.Length);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Head));
            foreach (var (from, to) in new[] { (0, smile + 1), (smile + 1, smile + 3), (smile + 3, bytes.Length) })
            {
                await stream.WriteAsync(Chunk(bytes.AsSpan(from, to - from)));
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
            }

            await stream.WriteAsync("0\r\n\r\n"u8.ToArray());
        });

        var (parts, failure) = await ChatCompletionsWire.ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);

        Assert.Null(failure);
        Assert.Equal(["🙂"], parts);
    }

    public static TheoryData<string, string, string> WholeStreams => new()
    {
        { "CRLF", Usual.Replace("\n", "\r\n", StringComparison.Ordinal), EnumNames + " " },
        { "CR", Usual.Replace("\n", "\r", StringComparison.Ordinal), EnumNames + " " },
        { "byte order mark", "\uFEFF" + Usual, EnumNames + " " },
        { "no space after the colon", Usual.Replace("data: ", "data:", StringComparison.Ordinal), EnumNames + " " },
        { "comments, ids, names, retry", ": hi\n\n" + Text("a").Replace("data", "id: 1\nevent: chunk\nretry: 10\n: x\ndata", StringComparison.Ordinal) + ": PROCESSING\n\n" + Finish() + Done, "a" },
        { "data over two lines", "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"a\"}}]}\n\n" + Finish() + Done, "a" },
        { "an empty event", "data:\n\n" + Text("a") + "data: null\n\n" + Finish() + Done, "a" },
        { "empty and absent contents", Delta("{}") + Delta("""{"content":""}""") + Delta("""{"content":null}""") + Delta("null") + Text("a") + Finish() + Done, "a" },
        { "choices null and absent", Event("""{"choices":null}""") + Event("{}") + Event("""{"choices":[null]}""") + Text("a") + Finish() + Done, "a" },
        { "an empty role and refusal", Delta("""{"role":"","content":"a","refusal":""}""") + Finish() + Done, "a" },
        { "an empty finish reason", Delta("""{"content":"a"}""", "\"\"") + Text("b") + Finish() + Done, "ab" },
        { "a finish reason with the text", Delta("""{"content":"a"}""", "\"stop\"") + Done, "a" },
        { "a finish reason with every text", Delta("""{"content":"a"}""", "\"stop\"") + Delta("""{"content":"b"}""", "\"stop\"") + Done, "ab" },
        { "thinking, and fields of its own", Delta("""{"reasoning_content":"hm","x":[1]}""") + Text("a") + Event("""{"error":null,"choices":[]}""") + Finish() + Done, "a" },
        { "cut at the length", Text("a") + Finish("length") + Done, "a" },
        { "a reason that OpenAI does not have", Text("a") + Finish("eos_token") + Done, "a" },
        { "no [DONE]", Text("a") + Finish(), "a" },
        { "no finish reason", Text("a") + Done, "a" },
        { "halves of a pair", Delta("""{"content":"\"\\\n\ud83d"}""") + Delta("""{"content":"\ude42\u00e9\/é"}""") + Finish() + Done, "\"\\\n🙂é/é" },
        { "text after a finish reason", Text("a") + Finish() + Text("b") + Done, "ab" },
        { "contents in parts", Delta("""{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"o"}]}""") + Text("k") + Finish() + Done, "ok" },
        { "contents in other parts", Delta("""{"content":["a",{"text":"b"},{"type":"output_text","text":"c"},{"type":"image_url","image_url":{}},{"type":"text"},null,[]]}""") + Delta("""{"content":{"type":"text","text":"\ud83d"}}""") + Delta("""{"content":[{"type":"text","text":"\ude42"}]}""") + Finish() + Done, "abc🙂" },
        { "a message at the end that repeats the reply", Text("a") + Event("""{"object":"chat.completion","choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}""") + Done, "a" },
        { "a message instead of deltas", Event("""{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}""") + Done, "a" },
        { "something behind [DONE]", Text("a") + Finish() + Done + Text("b") + "data: {oops\n\n", "a" },
        { "an error behind the finish reason", Text("a") + Finish() + Event("""{"error":{"message":"late"}}"""), "a" },
    };

    [Fact]
    public async Task Half_of_a_surrogate_pair_is_passed_on()
    {
        var (parts, failure) = await ReadStreamAsync(Chunked(Delta("""{"content":"a\ud83d"}""") + Text("b") + Finish() + Done));

        Assert.Null(failure);
        Assert.Equal(["a\ud83d", "b"], parts);
    }

    [Theory]
    [MemberData(nameof(WholeStreams))]
    public async Task Complete_streams_are_read(string what, string events, string text)
    {
        var (parts, failure) = await ReadStreamAsync(Chunked(events, 7, 40));

        Assert.True(failure is null, $"{what}: {failure?.Message}");
        Assert.Equal(text, string.Concat(parts));
        Assert.DoesNotContain("", parts);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}""", "Hello", null)]
    [InlineData("""{"choices":[{"message":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"Hello"}]},"finish_reason":"length"}]}""", "Hello", null)]
    [InlineData("""{"choices":[{"message":{"content":"Hello"},"finish_reason":"abort"}]}""", "Hello", ProviderError.Unavailable)]
    [InlineData("""{"choices":[{"message":{"content":"Hello"},"finish_reason":"null"}]}""", "Hello", ProviderError.Unavailable)]
    [InlineData("""{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}""", "", ProviderError.Empty)]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"No"},"finish_reason":"stop"}]}""", "", ProviderError.Refused)]
    [InlineData("""{"choices":[{"message":{"content":"Hel""", "", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":429}}""", "", ProviderError.RateLimited)]
    public async Task A_server_may_answer_without_a_stream(string json, string text, ProviderError? error)
    {
        var (parts, failure) = await ReadStreamAsync(Encoding.UTF8.GetBytes(Response(200, "\n \n" + json)));

        Assert.Equal((text, error), (string.Concat(parts), failure?.Error));
    }

    [Fact]
    public async Task A_reset_after_the_finish_reason_is_no_failure()
    {
        var read = new TaskCompletionSource();
        using var server = new Receiver(async stream =>
        {
            await stream.WriteAsync(Beginning(Text("a") + Finish()));
            await read.Task;
            Reset(stream);
        });
        var provider = Provider(server.Port, TimeProvider.System);
        using var client = provider.Client;
        var parts = new List<string>();
        await foreach (var part in ProviderStream.ReadAsync(provider, Hello, new(), Ignore, TimeProvider.System, CancellationToken.None))
        {
            parts.Add(part);
            read.SetResult();
        }

        Assert.Equal(["a"], parts);
    }

    private static Stream Undelayed(Stream stream)
    {
        ((System.Net.Sockets.NetworkStream)stream).Socket.NoDelay = true;
        return stream;
    }

    private static async Task<(List<string> Parts, AssistantException? Failure)> ReadStreamAsync(byte[] answer)
    {
        using var server = new Receiver(stream => stream.WriteAsync(answer).AsTask());
        return await ChatCompletionsWire.ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);
    }
}
