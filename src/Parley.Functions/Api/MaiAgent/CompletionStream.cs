using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// A completion as server-sent events (WHATWG HTML, "Server-sent events"). The first comment is written before the
/// provider is called, because the host sends the headers only with the first byte. An event is written when it is
/// stored. Comments during pauses keep intermediaries from closing the connection.
/// </summary>
/// <param name="completion">The state of the completion when the stream begins.</param>
/// <param name="states">Starts the sequence of later states; called after the first comment is written.</param>
/// <param name="end">
/// A task that must complete before the request ends, even if the client disconnects: the production of the reply.
/// </param>
/// <param name="after">The number of the last event that the client received.</param>
/// <param name="write">Writes an event from its number and its JSON.</param>
/// <param name="time">Measures the pauses.</param>
internal sealed class CompletionStream(
    Completion completion,
    Func<IAsyncEnumerable<Completion>> states,
    Func<Task> end,
    int after,
    Func<int, string, string> write,
    TimeProvider time) : IResult
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    /// <summary>The URL of the completion.</summary>
    public required string Location { get; init; }

    /// <summary>True for a replayed idempotency key: the header <c>Idempotent-Replayed: true</c>.</summary>
    public bool Replayed { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (NotModified.TrySend(httpContext, tagCoversBody: false))
        {
            return;
        }

        var response = httpContext.Response;
        ResponseBody.SetHeaders(response, StatusCodes.Status200OK, "text/event-stream");
        response.Headers.Location = Location;
        if (Replayed)
        {
            response.Headers[ReplayedHeader.Name] = "true";
        }

        // Without this header some proxies buffer the response (nginx, "X-Accel-Buffering").
        response.Headers["X-Accel-Buffering"] = "no";
        if (ResponseBody.IsOmitted(httpContext))
        {
            return;
        }

        using var open = Telemetry.StreamOpened();
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var gone = httpContext.RequestAborted;
        try
        {
            await WriteAsync(response, ": ok\n\n", gone);
        }
        catch (Exception e) when (IsGone(e, gone))
        {
            // The reply is produced anyway: a client that disconnects does not cancel the completion.
        }

        var coming = states();
        try
        {
            await SendAsync(response, coming, gone);
        }
        catch (Exception e) when (IsGone(e, gone))
        {
            // As above: the client has disconnected, and the completion continues.
        }
        finally
        {
            await end();
        }
    }

    private async Task SendAsync(HttpResponse response, IAsyncEnumerable<Completion> coming, CancellationToken gone)
    {
        var sent = after;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(gone);
        await using var reader = coming.GetAsyncEnumerator(ending.Token);
        var (next, pause) = (Task.FromResult(true), Task.Delay(Pause, time, ending.Token));
        try
        {
            while (true)
            {
                next = reader.MoveNextAsync().AsTask();
                while (await Task.WhenAny(next, pause) != next)
                {
                    gone.ThrowIfCancellationRequested();
                    await WriteAsync(response, ": still there\n\n", gone);
                    pause = Task.Delay(Pause, time, ending.Token);
                }

                if (!await next)
                {
                    return;
                }

                if (IsOfAnEarlierAttempt(reader.Current, sent))
                {
                    // The client has text of an interrupted attempt, which a later attempt has replaced.
                    var interrupted = CompletionErrorResponse.Of(CompletionError.Interrupted);
                    await WriteAsync(response, Event(reader.Current.FirstEvent - 1, interrupted), gone);
                    return;
                }

                var events = new StringBuilder();
                sent = Append(events, reader.Current, sent);
                if (events.Length > 0)
                {
                    await WriteAsync(response, events.ToString(), gone);
                }
            }
        }
        finally
        {
            // An enumerator must not be disposed while MoveNextAsync runs.
            ending.Cancel();
            await ((Task)next).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private static bool IsOfAnEarlierAttempt(Completion completion, int sent) =>
        sent > 0 && sent < completion.FirstEvent - 1;

    /// <summary>
    /// Appends the events after number <paramref name="sent"/> and returns the number of the last one.
    /// </summary>
    private int Append(StringBuilder events, Completion completion, int sent)
    {
        for (var i = Math.Max(0, sent + 1 - completion.FirstEvent); i < completion.Parts.Count; i++)
        {
            events.Append(Event(completion.FirstEvent + i, Part(completion.Parts[i], done: false)));
        }

        var number = completion.FirstEvent + completion.Parts.Count;
        if (completion.Status == CompletionStatus.Ended && number > sent)
        {
            events.Append(completion.Error is { } error
                ? Event(number, CompletionErrorResponse.Of(error))
                : Event(number, Part("", done: true)));
        }

        return Math.Max(sent, completion.NextEvent - 1);
    }

    private CompletionPartResponse Part(string content, bool done) =>
        new(completion.ConversationId, completion.ConversationId, completion.Id, content, done);

    private string Event(int number, CompletionPartResponse part) =>
        write(number, JsonSerializer.Serialize(part, MaiAgentJson.Default.CompletionPartResponse));

    private string Event(int number, CompletionErrorResponse error)
    {
        var failure = new CompletionFailureResponse(error, Done: true);
        return write(number, JsonSerializer.Serialize(failure, MaiAgentJson.Default.CompletionFailureResponse));
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken gone)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), gone);
        await response.Body.FlushAsync(gone);
    }

    private static bool IsGone(Exception e, CancellationToken gone) =>
        e is ReaderStalledException
        || (gone.IsCancellationRequested && e is OperationCanceledException or IOException);
}
