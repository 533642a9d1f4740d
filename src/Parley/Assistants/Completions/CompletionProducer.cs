using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Providers;
using Parley.Conversations.Messages;

namespace Parley.Assistants.Completions;

/// <summary>
/// Has a provider speak, and stores what it says. One write is in flight at a time, and what arrives meanwhile is the next event; an event is published
/// when it is stored, so that nobody has seen what a crash could take back.
/// </summary>
public sealed partial class CompletionProducer(AssistantProviders providers, Prompts prompts, CompletionWriter writer, TimeProvider time, ILogger<CompletionProducer> logger)
{
    /// <summary>A reply takes no longer: the platform's front end cuts what takes 230 s (Azure Functions HTTP trigger, limits), and its end is to be stored and sent before.</summary>
    internal static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(210);

    /// <summary>A sign of life at least as often: a cancelled turn is heard of with the next write.</summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>Begins to speak.</summary>
    /// <param name="completion">Running, under this process's producer id.</param>
    /// <param name="chatbot">Who speaks.</param>
    /// <param name="message">What is answered.</param>
    /// <param name="began">When the request, or the queue's message, did: its time is limited.</param>
    internal ProducedCompletion Run(Completion completion, Chatbot chatbot, Message message, long began)
    {
        var broadcast = new CompletionBroadcast(completion);
        return new ProducedCompletion(broadcast.ReadAsync(CancellationToken.None), RunAsync(completion, chatbot, message, began, broadcast));
    }

    private async Task<Completion> RunAsync(Completion completion, Chatbot chatbot, Message message, long began, CompletionBroadcast broadcast)
    {
        try
        {
            var left = MaxDuration - time.GetElapsedTime(began);
            using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            var reply = new ReplyText();
            var reading = ReadProviderAsync(completion, chatbot, message, reply, limit);
            Completion stored;
            AssistantException? failure;
            try
            {
                stored = await StoreAsync(completion, reply, broadcast);
            }
            finally
            {
                limit.Cancel();
                failure = await reading;
            }

            var ended = CompletionEnding.IsOpen(completion, stored, isProducer: true)
                ? await writer.EndAsync(stored.WithText(reply.Take()), stored.CancelRequested ? CompletionError.Cancelled : failure?.Error, failure?.RetryAfter, isProducer: true)
                : stored;
            if (ended.ProducerId != completion.ProducerId || ended.Status != CompletionStatus.Ended)
            {
                // Taken for dead, ended and begun again by somebody else, whose turn it is now.
                ended = broadcast.Latest with { Status = CompletionStatus.Ended, Error = CompletionError.Interrupted };
            }

            broadcast.Publish(ended);
            return ended;
        }
        catch (Exception e)
        {
            broadcast.Fail(e);
            throw;
        }
    }

    /// <summary>Stores and publishes what comes, until no more does, or the turn is not this producer's to speak any more.</summary>
    private async Task<Completion> StoreAsync(Completion completion, ReplyText reply, CompletionBroadcast broadcast)
    {
        var stored = completion;

        // A timer, and not a time-out of the wait: that would go on on a thread of the pool, also where a test has only one.
        await using var heartbeat = time.CreateTimer(_ => reply.Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (true)
        {
            if (stored.Parts.Count < CompletionRow.MaxParts)
            {
                heartbeat.Change(HeartbeatInterval, Timeout.InfiniteTimeSpan);
                await reply.Changed;
            }
            else
            {
                // What comes now is stored with the end.
                await Task.Delay(HeartbeatInterval, time);
            }

            if (reply.IsComplete)
            {
                // What is left is stored with the end.
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
                // What could not be stored of this part is not lost.
                return stored.Parts.Count < extended.Parts.Count ? extended with { ETag = stored.ETag, CancelRequested = true } : stored;
            }

            broadcast.Publish(stored);
        }
    }

    /// <summary>Hears what the provider says.</summary>
    /// <returns>Why it is not whole; null when it is.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the turn ends with it.")]
    private async Task<AssistantException?> ReadProviderAsync(Completion completion, Chatbot chatbot, Message message, ReplyText reply, CancellationTokenSource limit)
    {
        try
        {
            var name = chatbot.Provider ?? AssistantProviders.Default;
            var provider = providers.Find(name) ?? throw new AssistantException(CompletionError.Unavailable, $"The settings name no provider {name}.");
            var options = new ChatOptions { ModelId = chatbot.Model, Temperature = (float?)chatbot.Temperature };
            var messages = await prompts.BuildAsync(chatbot, message, limit.Token);
            await foreach (var part in ProviderStream.ReadAsync(provider, messages, options, time, limit.Token))
            {
                reply.Add(part);
                if (reply.IsFull)
                {
                    break;
                }
            }

            return null;
        }
        catch (AssistantException e)
        {
            LogFailed(logger, e, completion.Id, chatbot.Id, e.Error);
            return e;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            return new AssistantException(CompletionError.Timeout, $"It spoke for {MaxDuration.TotalSeconds} s.", inner: e);
        }
        catch (Exception e)
        {
            LogPromptFailed(logger, e, completion.Id);
            return new AssistantException(CompletionError.Unavailable, "What it is to be asked could not be read.", inner: e);
        }
        finally
        {
            reply.Complete();
        }
    }

    [LoggerMessage(1402, LogLevel.Warning, "The provider of chatbot {Chatbot} failed at completion {Completion}: {Error}")]
    private static partial void LogFailed(ILogger logger, Exception exception, Guid completion, Guid chatbot, CompletionError error);

    [LoggerMessage(1403, LogLevel.Error, "The prompt of completion {Completion} could not be read.")]
    private static partial void LogPromptFailed(ILogger logger, Exception exception, Guid completion);
}
