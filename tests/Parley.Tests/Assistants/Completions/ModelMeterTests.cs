using Parley.Assistants.Completions;
using Parley.Testing;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Completions;

/// <summary>The meters <c>gen_ai.…</c>: every call of a provider is measured once, whichever way it ends.</summary>
public sealed class ModelMeterTests : IDisposable
{
    private const string Model = "model-measured";
    private const string Tags = $"name=openai model={Model}";

    private static readonly string Usage = Event(
        """{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}""");

    private readonly ModelMeasures measures = new();

    public void Dispose() => measures.Dispose();

    [Fact]
    public async Task A_reply_has_its_time_to_the_first_text_its_tokens_and_its_duration()
    {
        using var server = Server(Chunked(Text("One ") + Text("two") + Finish() + Usage + Done));

        var (ended, logged) = await ReplyRun.RunAsync(server.Port, Model);

        Assert.Equal(("One two", null), (ended.Text, ended.Error));
        Assert.Contains("\"include_usage\":true", System.Text.Encoding.UTF8.GetString(server.Request.Body), StringComparison.Ordinal);
        Assert.Empty(logged);
        Assert.Equal(
            [
                $"time_to_first_chunk 0s {Tags}", $"usage 9{{token}} {Tags} type=input",
                $"usage 12{{token}} {Tags} type=output", $"duration 0s {Tags}",
            ],
            measures.AllWithoutTimes);
    }

    /// <summary>Some servers count with every chunk. Each report contains the earlier ones.</summary>
    [Fact]
    public async Task Of_several_reports_the_last_one_counts()
    {
        var first = Event("""{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1}}""");
        using var server = Server(Chunked(first + Text("One ") + first + Text("two") + Usage + Finish() + Done));

        await ReplyRun.RunAsync(server.Port, Model);

        Assert.Equal(
            [$"usage 9{{token}} {Tags} type=input", $"usage 12{{token}} {Tags} type=output"],
            measures.All.Where(measure => measure.StartsWith("usage", StringComparison.Ordinal)));
    }

    public static TheoryData<string, string> Failures => new()
    {
        { Response(408, "{}"), "timeout" },
        { Response(429, "{}"), "rate_limited" },
        { Response(400, """{"error":{"code":"content_filter"}}"""), "refused" },
        { Response(400, """{"error":{"code":"another"}}"""), "bad_request" },
        { Response(500, "{}"), "unavailable" },
        { "SSH-2.0\r\n", "unavailable" },
        { Response(200, """{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"""), "empty_reply" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_call_without_text_has_a_duration_and_the_name_of_its_error(string answer, string error)
    {
        using var server = new Receiver(answer);

        await ReplyRun.RunAsync(server.Port, Model);

        Assert.Equal([$"duration 0s {Tags} type={error}"], measures.AllWithoutTimes);
    }

    [Fact]
    public async Task The_log_line_of_a_failed_call_has_its_detail()
    {
        using var server = new Receiver(Response(429, "{}"));

        var (_, logged) = await ReplyRun.RunAsync(server.Port, Model);

        Assert.Contains("RateLimited (HTTP 429)", Assert.Single(logged), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_breaks_off_has_what_came_before()
    {
        using var server = Server(Chunked(Text("One ") + Usage + Finish("abort") + Done));

        var (ended, _) = await ReplyRun.RunAsync(server.Port, Model);

        Assert.Equal(("One ", CompletionError.Unavailable), (ended.Text, ended.Error));
        Assert.Equal(
            [
                $"time_to_first_chunk 0s {Tags}", $"usage 9{{token}} {Tags} type=input",
                $"usage 12{{token}} {Tags} type=output", $"duration 0s {Tags} type=unavailable",
            ],
            measures.AllWithoutTimes);
    }

    /// <summary>A client chooses it: as a tag it would be private, and have any number of values.</summary>
    [Theory]
    [InlineData(Model, Model)]
    [InlineData("model-of-a-client", "_OTHER")]
    public async Task The_model_of_a_chatbot_is_no_tag_unless_the_settings_have_it(string chatbots, string tag)
    {
        using var server = Server(Chunked(Text("One") + Finish() + Usage + Done));

        await ReplyRun.RunAsync(server.Port, Model, chatbotModel: chatbots);

        Assert.Contains($"\"model\":\"{chatbots}\"", System.Text.Encoding.UTF8.GetString(server.Request.Body), StringComparison.Ordinal);
        Assert.Equal(4, measures.All.Count);
        Assert.All(measures.All, measure => Assert.Contains($"name=openai model={tag}", measure, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/words 3 /pace 2000", 4, null)]
    [InlineData("/words 3 /fail refused after 1", 0, "refused")]
    [InlineData("/hang after 2", 5, "timeout")]
    [InlineData("/words 100 /pace 4000", 210, "timeout")]
    public void A_scripted_call_is_measured_too(string said, int seconds, string? error)
    {
        Run(async model => await model.CompleteAsync(CompletionOperations.Production, model.Unscheduled(), Request(said)));

        const string Scripted = "name=scripted model=_OTHER";
        Assert.Equal($"time_to_first_chunk 0s {Scripted}", measures.All[0]);
        Assert.Equal($"duration {seconds}s {Scripted}" + (error is null ? "" : $" type={error}"), measures.All[^1]);

        // Six words: /words 3 /pace 2000 and the instructions Be brief.
        Assert.Equal(
            error is null ? [$"usage 6{{token}} {Scripted} type=input", $"usage 3{{token}} {Scripted} type=output"] : [],
            measures.All.Skip(1).SkipLast(1));
    }

    [Fact]
    public void A_cancelled_call_is_no_timeout()
    {
        Run(async model =>
        {
            var begun = new TaskCompletionSource<Completion>();
            var producing = model.CompleteAsync(
                CompletionOperations.Production, model.Unscheduled(), Request("/words 100 /pace 4000"), (_, completion) => begun.SetResult(completion));
            var completion = await begun.Task;
            await Task.Delay(TimeSpan.FromSeconds(10), model.Run.Time);
            await model.CancelAsync(model.Unscheduled(), completion.Id);
            Assert.Equal(CompletionError.Cancelled, (await producing).Error);
        });

        Assert.Matches("^duration 1[01]s name=scripted model=_OTHER type=cancelled$", measures.All[^1]);
    }

    private static CompletionRequest Request(string text) => new("client", text, Conversation: null, IsKeyed: false);

    private static void Run(Func<CompletionModel, Task> act) => Simulation.Run(1, async run =>
    {
        var model = new CompletionModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 1);
        await act(model);
    });

    private static Receiver Server(byte[] answer) => new(stream => stream.WriteAsync(answer).AsTask());
}
