using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Parley.Assistants.Completions;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// A completion as server-sent events (WHATWG HTML, "Server-sent events"): headers and a first comment at once, before anything is asked of a provider, for the host sends
/// headers with the first byte only; then each event when it is stored; and a comment every now and then, so that nobody on the way
/// takes the connection for dead.
/// </summary>
/// <param name="completion">The turn as it is when the stream begins.</param>
/// <param name="states">Its states from then on. Asked for when the first comment has been sent.</param>
/// <param name="end">What must have ended before the request does, whether the client stays or not.</param>
/// <param name="after">The number of the last event that the client has.</param>
/// <param name="time">Measures the pauses.</param>
internal sealed class CompletionStream(Completion completion, Func<IAsyncEnumerable<Completion>> states, Func<Task> end, int after, TimeProvider time) : IResult
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    /// <summary>Where the events can be read again.</summary>
    public required string Location { get; init; }

    /// <summary>Whether this is the answer to an earlier request with the same Idempotency-Key.</summary>
    public bool Replayed { get; init; }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        JsonBody.SetHeaders(response, StatusCodes.Status200OK, "text/event-stream");
        response.Headers.Location = Location;
        if (Replayed)
        {
            response.Headers["Idempotent-Replayed"] = "true";
        }

        // Some proxies gather what they pass on, unless they are told not to (nginx, "X-Accel-Buffering").
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var gone = httpContext.RequestAborted;
        try
        {
            await WriteAsync(response, ": ok\n\n", gone);
        }
        catch (Exception e) when (IsGone(e, gone))
        {
            // It is spoken all the same: leaving is not cancelling.
        }

        var coming = states();
        try
        {
            await SendAsync(response, coming, gone);
        }
        catch (Exception e) when (IsGone(e, gone))
        {
            // As above.
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
                    // What the client has is of an attempt that was interrupted; what is there now is another text.
                    await WriteAsync(response, Event(reader.Current.FirstEvent - 1, CompletionErrorResponse.Of(CompletionError.Interrupted)), gone);
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
            // A reader that is on its way must not be disposed.
            ending.Cancel();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private static bool IsOfAnEarlierAttempt(Completion completion, int sent) => sent > 0 && sent < completion.FirstEvent - 1;

    /// <summary>Appends the events after a number.</summary>
    /// <returns>The number of the last.</returns>
    private int Append(StringBuilder events, Completion completion, int sent)
    {
        var (number, start) = (completion.FirstEvent, 0);
        foreach (var length in completion.Parts)
        {
            if (number > sent)
            {
                events.Append(Event(number, Part(completion.Text.Substring(start, length), done: false)));
            }

            number++;
            start += length;
        }

        if (completion.Status == CompletionStatus.Ended && number > sent)
        {
            events.Append(completion.Error is { } error ? Event(number, CompletionErrorResponse.Of(error)) : Event(number, Part("", done: true)));
        }

        return Math.Max(sent, completion.NextEvent - 1);
    }

    private CompletionPartResponse Part(string content, bool done) => new(completion.ConversationId, completion.ConversationId, completion.Id, content, done);

    private static string Event(int number, CompletionPartResponse part) => Event(number, JsonSerializer.Serialize(part, CamelJson.Default.CompletionPartResponse));

    private static string Event(int number, CompletionErrorResponse error) =>
        Event(number, JsonSerializer.Serialize(new CompletionFailureResponse(error, Done: true), CamelJson.Default.CompletionFailureResponse));

    /// <summary>JSON has no line breaks of its own here, so one line of data holds it.</summary>
    private static string Event(int number, string json) => string.Create(CultureInfo.InvariantCulture, $"id: {number}\ndata: {json}\n\n");

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken gone)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), gone);
        await response.Body.FlushAsync(gone);
    }

    private static bool IsGone(Exception e, CancellationToken gone) => gone.IsCancellationRequested && e is OperationCanceledException or IOException;
}
