using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Providers;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>Calls a provider, stores the text that it streams, and publishes each stored state.</summary>
/// <remarks>
/// One write is in flight at a time; the text that arrives meanwhile becomes the next event. An event is published only
/// after it is stored, so a crash cannot take back an event that a client has received.
/// </remarks>
public sealed partial class CompletionProducer(
    AssistantProviders providers,
    Prompts prompts,
    CompletionWriter writer,
    RunningCompletions running,
    TimeProvider time,
    ILogger<CompletionProducer> logger)
{
    /// <summary>
    /// Maximum duration of a reply. The platform's front end cuts requests after 230 s (Azure Functions HTTP trigger,
    /// limits), and the end must be stored and sent before that.
    /// </summary>
    internal static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(210);

    /// <summary>
    /// Maximum time between two writes. It bounds the delay of a cancellation, which the producer notices at its next
    /// write.
    /// </summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>Starts the producer.</summary>
    /// <param name="completion">A running completion with a producer id of this process.</param>
    /// <param name="message">The customer's message.</param>
    /// <param name="began">
    /// The start of the request or of the queue message (<see cref="TimeProvider.GetTimestamp"/>). The time limit
    /// counts from it.
    /// </param>
    internal ProducedCompletion Run(Completion completion, Chatbot chatbot, Message message, long began)
    {
        var broadcast = new CompletionBroadcast(completion);
        running.Add(completion.Key, broadcast);
        return new ProducedCompletion(
            broadcast.ReadAsync(CancellationToken.None),
            RunAsync(completion, chatbot, message, began, broadcast));
    }

    private async Task<Completion> RunAsync(
        Completion completion,
        Chatbot chatbot,
        Message message,
        long began,
        CompletionBroadcast broadcast)
    {
        try
        {
            var left = MaxDuration - time.GetElapsedTime(began);
            using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            var reply = new ReplyText();
            using var stopped = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
            var reading = ReadProviderAsync(completion, chatbot, message, reply, limit.Token, stopped.Token);
            Completion stored;
            AssistantException? failure;
            try
            {
                stored = await StoreAsync(completion, reply, broadcast);
            }
            finally
            {
                stopped.Cancel();
                failure = await reading;
            }

            var ended = CompletionEnding.IsOpen(completion, stored, isProducer: true)
                ? await writer.EndAsync(
                    stored.WithText(reply.Take()),
                    stored.CancelRequested ? CompletionError.Cancelled : failure?.Error.ToCompletionError(),
                    failure?.RetryAfter,
                    isProducer: true)
                : stored;
            var isSuperseded = ended.ProducerId != completion.ProducerId || ended.Status != CompletionStatus.Ended;
            if (isSuperseded)
            {
                // Another process found no heartbeat, ended the completion and began a new attempt, which now owns the
                // row. This attempt ends as interrupted.
                ended = broadcast.Latest with
                {
                    Status = CompletionStatus.Ended,
                    Error = CompletionError.Interrupted,
                };
            }

            running.Remove(completion.Key, broadcast);
            broadcast.Publish(ended);
            if (!isSuperseded)
            {
                await writer.CleanUpAsync(ended);
            }

            return ended;
        }
        catch (Exception e)
        {
            // Removed first: followers that receive the failure poll the row instead.
            running.Remove(completion.Key, broadcast);
            broadcast.Fail(e);
            throw;
        }
    }

    /// <summary>
    /// Stores and publishes the reply's text until the reply is complete, a client cancels, or this producer no longer
    /// owns the completion.
    /// </summary>
    private async Task<Completion> StoreAsync(Completion completion, ReplyText reply, CompletionBroadcast broadcast)
    {
        var stored = completion;

        // A timer, not a wait with a timeout: the continuation of that runs on a pool thread, even where a test has
        // only one thread.
        await using var heartbeat = time.CreateTimer(
            _ => reply.Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (true)
        {
            if (stored.Parts.Count < CompletionRow.MaxParts)
            {
                heartbeat.Change(HeartbeatInterval, Timeout.InfiniteTimeSpan);
                await reply.Changed;
            }
            else
            {
                // The row has no room for more events: further text is stored with the end.
                await Task.Delay(HeartbeatInterval, time);
            }

            if (reply.IsComplete)
            {
                // The remaining text is stored with the end.
                return stored;
            }

            var extended = stored.Parts.Count < CompletionRow.MaxParts ? stored.WithText(reply.Take()) : stored;
            stored = await writer.AppendTextAsync(stored, extended);
            if (!CompletionEnding.IsOpen(completion, stored, isProducer: true))
            {
                return stored;
            }

            if (stored.CancelRequested)
            {
                // If the last part is not stored, it is kept here and stored with the end.
                return stored.Parts.Count < extended.Parts.Count
                    ? extended with { ETag = stored.ETag, CancelRequested = true }
                    : stored;
            }

            broadcast.Publish(stored);
        }
    }

    /// <summary>Calls the provider, and adds the text that it streams to the reply.</summary>
    /// <param name="limit">Cancelled when the reply takes too long.</param>
    /// <param name="stopped">Cancelled with <paramref name="limit"/>, and when nobody needs the reply any more.</param>
    /// <returns>The failure that made the reply incomplete; null when the reply is complete.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "The failure is logged, and becomes the completion's error.")]
    private async Task<AssistantException?> ReadProviderAsync(
        Completion completion,
        Chatbot chatbot,
        Message message,
        ReplyText reply,
        CancellationToken limit,
        CancellationToken stopped)
    {
        try
        {
            var name = chatbot.Provider ?? AssistantProviders.Default;
            var provider = providers.Find(chatbot.Key.Tenant, name)
                ?? throw new AssistantException(
                    ProviderError.Unavailable, "The tenant does not have the chatbot's provider.");
            var messages = await prompts.BuildAsync(chatbot, message, stopped);
            await CallAsync(provider, chatbot, messages, reply, limit, stopped);
            return null;
        }
        catch (AssistantException e)
        {
            Telemetry.WorkFailed("reply.provider");
            LogFailed(logger, completion.Id, chatbot.Id, e.Error, e.Message);
            return e;
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            return new AssistantException(
                ProviderError.Timeout, $"The reply took longer than {MaxDuration.TotalSeconds} s.");
        }
        catch (Exception e)
        {
            Telemetry.WorkFailed("reply.prompt");
            LogPromptFailed(logger, PrivateException.Of(e), completion.Id);
            return new AssistantException(ProviderError.Unavailable, "The prompt could not be read.");
        }
        finally
        {
            reply.Complete();
        }
    }

    /// <summary>Calls the provider and measures the call, up to its end for any reason.</summary>
    private async Task CallAsync(
        AssistantProvider provider,
        Chatbot chatbot,
        IReadOnlyList<ChatMessage> messages,
        ReplyText reply,
        CancellationToken limit,
        CancellationToken stopped)
    {
        // A model that only the chatbot names is a client's text.
        var isOfSettings = chatbot.Model is null || chatbot.Model == provider.Model;
        using var call = Telemetry.CallModel(provider.Type, isOfSettings ? provider.Model : null, time);
        var options = new ChatOptions { ModelId = chatbot.Model, Temperature = (float?)chatbot.Temperature };
        var tokens = new UsageDetails();
        try
        {
            await foreach (var part in ProviderStream.ReadAsync(
                provider, messages, options, used => tokens = used, time, stopped))
            {
                call.HasText();
                reply.Add(part);
                if (reply.IsFull)
                {
                    break;
                }
            }
        }
        catch (AssistantException e)
        {
            call.Failed(e.Error.ToCompletionError().Code().Code);
            throw;
        }
        catch (OperationCanceledException)
        {
            var why = limit.IsCancellationRequested ? CompletionError.Timeout : CompletionError.Cancelled;
            call.Failed(why.Code().Code);
            throw;
        }
        finally
        {
            call.Used(tokens.InputTokenCount, tokens.OutputTokenCount);
        }
    }

    [LoggerMessage(
        1402,
        LogLevel.Warning,
        "The provider of chatbot {Chatbot} failed at completion {Completion}: {Error} ({Detail})")]
    private static partial void LogFailed(
        ILogger logger, Guid completion, Guid chatbot, ProviderError error, string detail);

    [LoggerMessage(1403, LogLevel.Error, "The prompt of completion {Completion} could not be read.")]
    private static partial void LogPromptFailed(ILogger logger, Exception exception, Guid completion);
}
