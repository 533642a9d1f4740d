using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Parley.Assistants.Providers;
using Parley.Testing;
using Parley.Tests.Webhooks;
using Parley.Tests.DevHost;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>
/// The idle timeout, cancellation and readers that stop early, with a server on loopback and a manual clock.
/// </summary>
public class ProviderStreamTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private readonly ManualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Silence_before_the_response_ends_in_a_timeout()
    {
        using var server = new HangingServer([]);
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        await using var parts = Run(provider).GetAsyncEnumerator();
        var next = parts.MoveNextAsync().AsTask();
        await server.Requested.WaitAsync(Wait.Limit);

        time.Advance(provider.IdleTimeout - Moment);
        Assert.False(next.IsCompleted);
        time.Advance(Moment);

        var failure = await Assert.ThrowsAsync<AssistantException>(() => next.WaitAsync(Wait.Limit));
        Assert.Equal((ProviderError.Timeout, "The provider was silent for 60 s."), (failure.Error, failure.Message));
        await server.Gone.WaitAsync(Wait.Limit);
    }

    [Fact]
    public async Task Silence_within_the_response_ends_in_a_timeout_that_excludes_the_readers_own_time()
    {
        using var server = new HangingServer(Beginning(Text("One ")));
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        await using var parts = Run(provider).GetAsyncEnumerator();
        Assert.True(await parts.MoveNextAsync());
        time.Advance(10 * provider.IdleTimeout);
        var next = parts.MoveNextAsync().AsTask();
        time.Advance(provider.IdleTimeout - Moment);
        await server.SendAsync(Text("two "));
        Assert.True(await next.WaitAsync(Wait.Limit));
        Assert.Equal("two ", parts.Current);

        next = parts.MoveNextAsync().AsTask();
        time.Advance(provider.IdleTimeout);

        Assert.Equal(ProviderError.Timeout, (await Assert.ThrowsAsync<AssistantException>(() => next.WaitAsync(Wait.Limit))).Error);
        await server.Gone.WaitAsync(Wait.Limit);
    }

    [Fact]
    public void Updates_without_text_reset_the_idle_timeout()
    {
        var thoughts = new[] { new ChatResponseUpdate(ChatRole.Assistant, ""), new(), new(ChatRole.Assistant, "At last") { FinishReason = ChatFinishReason.Stop } };
        (List<string> Parts, AssistantException? Failure)? read = null;
        Simulation.Run(1, async run =>
            read = await ReadStreamAsync(Provider(new Client((_, cancellation) => PacedAsync(thoughts, TimeSpan.FromSeconds(50), run.Time, cancellation))), run.Time));

        Assert.Null(read!.Value.Failure);
        Assert.Equal(["At last"], read.Value.Parts);
    }

    [Theory]
    [InlineData(": keep-alive\n\n")]
    [InlineData(": keep-alive\n")]
    [InlineData("event: ping\n\n")]
    [InlineData("\n")]
    [InlineData("data:\n\n")]
    [InlineData("data: {\"type\":\"ping\"}\n\n")]
    public async Task A_sign_of_life_restarts_the_idle_timeout(string sign)
    {
        using var server = new HangingServer(Beginning(Text("One ")));
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        await using var parts = Run(provider).GetAsyncEnumerator();
        Assert.True(await parts.MoveNextAsync());
        var next = parts.MoveNextAsync().AsTask();
        for (var i = 0; i < 3; i++)
        {
            time.Advance(provider.IdleTimeout - Moment);
            var due = time.NextDue;
            await server.SendAsync(sign);
            await TimerMovedAsync(due);
        }

        await server.SendAsync(Text("two") + Finish() + Done);
        Assert.True(await next.WaitAsync(Wait.Limit));
        Assert.Equal("two", parts.Current);
    }

    [Fact]
    public async Task Signs_of_life_do_not_prolong_the_wait_after_the_finish_reason()
    {
        using var server = new HangingServer(Beginning(Text("All") + Finish()));
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        var end = time.GetUtcNow() + TimeSpan.FromSeconds(1);
        await using var parts = Run(provider).GetAsyncEnumerator();
        Assert.True(await parts.MoveNextAsync());
        var next = parts.MoveNextAsync().AsTask();
        await TimerSetAsync(time, end);
        time.Advance(TimeSpan.FromMilliseconds(600));
        await server.SendAsync(": still here\n\n");
        time.Advance(TimeSpan.FromMilliseconds(400));

        Assert.False(await next.WaitAsync(Wait.Limit));
    }

    [Fact]
    public async Task White_space_at_the_beginning_comes_with_the_first_text()
    {
        ChatResponseUpdate[] updates = [new(ChatRole.Assistant, "\n"), new(ChatRole.Assistant, "  "), new(ChatRole.Assistant, "a"), new(ChatRole.Assistant, " ")];
        var provider = Provider(new Client((_, cancellation) => PacedAsync(updates, TimeSpan.Zero, time, cancellation)));

        Assert.Equal(["\n  a", " "], (await ReadStreamAsync(provider, time)).Parts);
    }

    [Fact]
    public async Task Endless_white_space_is_no_reply()
    {
        var provider = Provider(new Client((_, cancellation) =>
            PacedAsync(Enumerable.Repeat(new ChatResponseUpdate(ChatRole.Assistant, new string(' ', 100)), int.MaxValue), TimeSpan.Zero, time, cancellation)));
        var (parts, failure) = await ReadStreamAsync(provider, time);

        Assert.Empty(parts);
        Assert.Equal(ProviderError.Empty, failure!.Error);
    }

    [Fact]
    public async Task A_stream_ends_one_second_after_the_finish_reason()
    {
        using var server = new HangingServer(Beginning(Text("All") + Finish()));
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        var start = time.GetUtcNow();
        await using var parts = Run(provider).GetAsyncEnumerator();
        Assert.True(await parts.MoveNextAsync());
        var next = parts.MoveNextAsync().AsTask();
        await TimerSetAsync(time, start + TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await next.WaitAsync(Wait.Limit));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancellation_closes_the_connection(bool hasText)
    {
        using var server = new HangingServer(hasText ? Beginning(Text("One ")) : []);
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        using var cancelled = new CancellationTokenSource();
        await using var parts = Run(provider, cancelled.Token).GetAsyncEnumerator();
        if (hasText)
        {
            Assert.True(await parts.MoveNextAsync());
        }

        var next = parts.MoveNextAsync().AsTask();
        await server.Requested.WaitAsync(Wait.Limit);
        Assert.False(next.IsCompleted);
        await cancelled.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(Wait.Limit));
        Assert.Equal(cancelled.Token, thrown.CancellationToken);
        await server.Gone.WaitAsync(Wait.Limit);
    }

    [Fact]
    public async Task An_already_cancelled_request_is_not_sent()
    {
        using var server = new HangingServer([]);
        var provider = Provider(server.Port, time);
        using var client = provider.Client;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Run(provider, new CancellationToken(canceled: true)).GetAsyncEnumerator().MoveNextAsync());

        Assert.False(server.Requested.IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_that_stops_early_closes_the_connection(bool sendsMore)
    {
        using var server = new HangingServer(Beginning(Text("One ") + (sendsMore ? string.Concat(Enumerable.Repeat(Text("more "), 5_000)) : "")));
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        await foreach (var part in Run(provider))
        {
            Assert.Equal("One ", part);
            break;
        }

        await server.Gone.WaitAsync(Wait.Limit);
    }

    public static TheoryData<Exception, string> Failures => new()
    {
        { new HttpRequestException(HttpRequestError.NameResolutionError, "Name or service not known (models.example:443)", new SocketException((int)SocketError.HostNotFound)), "HttpRequestException (NameResolutionError), SocketException (HostNotFound)" },
        { new HttpRequestException(HttpRequestError.SecureConnectionError), "HttpRequestException (SecureConnectionError)" },
        { new HttpIOException(HttpRequestError.ResponseEnded, "The server said: no"), "HttpIOException (ResponseEnded)" },
        { new IOException("Connection reset by peer"), "IOException" },
        { new JsonException("'<' is invalid"), "JsonException" },
        { new OperationCanceledException(), "OperationCanceledException" },
        { new NotSupportedException(new string('x', 1_000), new ArgumentException("x")), "NotSupportedException, ArgumentException" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Any_exception_of_a_client_means_that_the_provider_is_unavailable(Exception thrown, string types)
    {
        var (parts, failure) = await ReadStreamAsync(Provider(new Client((_, _) => ThrowAsync(thrown))), time);

        Assert.Equal(ProviderError.Unavailable, failure!.Error);
        Assert.Equal((types, null), (failure.Message, failure.InnerException));
        Assert.Equal(["One "], parts);
    }

    [Fact]
    public async Task An_assistant_exception_is_passed_on_unchanged()
    {
        var thrown = new AssistantException(ProviderError.RateLimited, "x", TimeSpan.FromSeconds(3));

        Assert.Same(thrown, (await ReadStreamAsync(Provider(new Client((_, _) => ThrowAsync(thrown))), time)).Failure);
    }

    [Fact]
    public async Task Options_and_messages_are_passed_on_unchanged()
    {
        (IEnumerable<ChatMessage> Messages, ChatOptions? Options)? sent = null;
        var provider = Provider(new Client((request, _) =>
        {
            sent = request;
            return PacedAsync([new(ChatRole.Assistant, "a")], TimeSpan.Zero, time, CancellationToken.None);
        }));
        var options = new ChatOptions { ModelId = "model-2" };
        await foreach (var part in ProviderStream.ReadAsync(provider, Hello, options, Ignore, time, CancellationToken.None))
        {
            Assert.Equal("a", part);
        }

        Assert.Equal((Hello, options), sent);
    }

    /// <summary>Waits until the next timer is set for a later time.</summary>
    private async Task TimerMovedAsync(DateTimeOffset? due)
    {
        using var late = new CancellationTokenSource(Wait.Limit, TimeProvider.System);
        while (!(time.NextDue > due))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, late.Token);
        }
    }

    private IAsyncEnumerable<string> Run(AssistantProvider provider, CancellationToken cancellation = default) =>
        ProviderStream.ReadAsync(provider, Hello, new ChatOptions(), Ignore, time, cancellation);

    private static async IAsyncEnumerable<ChatResponseUpdate> PacedAsync(
        IEnumerable<ChatResponseUpdate> updates, TimeSpan pace, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var update in updates)
        {
            await Task.Delay(pace, time, cancellation);
            yield return update;
        }
    }

    private static async IAsyncEnumerable<ChatResponseUpdate> ThrowAsync(Exception thrown)
    {
        yield return new ChatResponseUpdate(ChatRole.Assistant, "One ");
        await Task.Yield();
        throw thrown;
    }

    /// <summary>A chat client that behaves as the test defines.</summary>
    private sealed class Client(Func<(IEnumerable<ChatMessage> Messages, ChatOptions? Options), CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Replies are streamed.");

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => answer((messages, options), cancellationToken);

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }

    /// <summary>
    /// Sends the beginning of a response, then only the events that the test sends, until the client closes the
    /// connection.
    /// </summary>
    private sealed class HangingServer : IDisposable
    {
        private readonly TaskCompletionSource<Stream> connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Receiver receiver;

        public HangingServer(byte[] beginning) => receiver = new Receiver(async stream =>
        {
            connected.SetResult(stream);
            try
            {
                await stream.WriteAsync(beginning);
            }
            catch (IOException)
            {
                // The client has already closed the connection.
            }

            await GoneAsync(stream);
            gone.SetResult();
        });

        public int Port => receiver.Port;

        /// <summary>Completes when the server has received the request.</summary>
        public Task Requested => receiver.Requested.Task;

        /// <summary>Completes when the client has closed the connection.</summary>
        public Task Gone => gone.Task;

        public async Task SendAsync(string events) => await (await connected.Task).WriteAsync(Chunk(System.Text.Encoding.UTF8.GetBytes(events)));

        public void Dispose() => receiver.Dispose();
    }
}
