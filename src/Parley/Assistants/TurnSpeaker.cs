using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Parley.Messages;

namespace Parley.Assistants;

/// <summary>
/// Has a provider speak, and stores what it says. One write is in flight at a time, and what arrives meanwhile is the next event; an event is published
/// when it is stored, so that nobody has seen what a crash could take back.
/// </summary>
public sealed partial class TurnSpeaker(AssistantProviders providers, Prompts prompts, TurnWriter writer, TimeProvider time, ILogger<TurnSpeaker> logger)
{
    /// <summary>A reply takes no longer: the platform's front end cuts what takes 230 s (Azure Functions HTTP trigger, limits), and its end is to be stored and sent before.</summary>
    internal static readonly TimeSpan MaxSpeaking = TimeSpan.FromSeconds(210);

    /// <summary>A sign of life at least as often: a cancelled turn is heard of with the next write.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>Begins to speak.</summary>
    /// <param name="turn">Running, under this process's producer id.</param>
    /// <param name="chatbot">Who speaks.</param>
    /// <param name="message">What is answered.</param>
    /// <param name="began">When the request, or the queue's message, did: its time is limited.</param>
    internal SpokenTurn Speak(Turn turn, Chatbot chatbot, Message message, long began)
    {
        var feed = new TurnFeed(turn);
        return new SpokenTurn(feed.ReadAsync(CancellationToken.None), SpeakAsync(turn, chatbot, message, began, feed));
    }

    private async Task<Turn> SpeakAsync(Turn turn, Chatbot chatbot, Message message, long began, TurnFeed feed)
    {
        try
        {
            var left = MaxSpeaking - time.GetElapsedTime(began);
            using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            var reply = new ReplyText();
            var hearing = HearAsync(turn, chatbot, message, reply, limit);
            Turn stored;
            AssistantException? failure;
            try
            {
                stored = await StoreAsync(turn, reply, feed);
            }
            finally
            {
                limit.Cancel();
                failure = await hearing;
            }

            var ended = TurnEnd.IsOpen(turn, stored, speaks: true)
                ? await writer.EndAsync(stored.Saying(reply.Take()), stored.CancelAsked ? TurnError.Cancelled : failure?.Error, failure?.RetryAfter, speaks: true)
                : stored;
            if (ended.ProducerId != turn.ProducerId || ended.Status != TurnStatus.Ended)
            {
                // Taken for dead, ended and begun again by somebody else, whose turn it is now.
                ended = feed.Latest with { Status = TurnStatus.Ended, Error = TurnError.Interrupted };
            }

            feed.Publish(ended);
            return ended;
        }
        catch (Exception e)
        {
            feed.Fail(e);
            throw;
        }
    }

    /// <summary>Stores and publishes what comes, until no more does, or the turn is not this producer's to speak any more.</summary>
    private async Task<Turn> StoreAsync(Turn turn, ReplyText reply, TurnFeed feed)
    {
        var stored = turn;

        // A timer, and not a time-out of the wait: that would go on on a thread of the pool, also where a test has only one.
        await using var beat = time.CreateTimer(_ => reply.Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (true)
        {
            if (stored.Parts.Count < TurnRow.MaxParts)
            {
                beat.Change(Beat, Timeout.InfiniteTimeSpan);
                await reply.Changed;
            }
            else
            {
                // What comes now is stored with the end.
                await Task.Delay(Beat, time);
            }

            if (reply.IsComplete)
            {
                // What is left is stored with the end.
                return stored;
            }

            var said = stored.Parts.Count < TurnRow.MaxParts ? stored.Saying(reply.Take()) : stored;
            stored = await writer.SayAsync(stored, said);
            if (!TurnEnd.IsOpen(turn, stored, speaks: true))
            {
                return stored;
            }

            if (stored.CancelAsked)
            {
                // What could not be stored of this part is not lost.
                return stored.Parts.Count < said.Parts.Count ? said with { ETag = stored.ETag, CancelAsked = true } : stored;
            }

            feed.Publish(stored);
        }
    }

    /// <summary>Hears what the provider says.</summary>
    /// <returns>Why it is not whole; null when it is.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the turn ends with it.")]
    private async Task<AssistantException?> HearAsync(Turn turn, Chatbot chatbot, Message message, ReplyText reply, CancellationTokenSource limit)
    {
        try
        {
            var name = chatbot.Provider ?? AssistantProviders.Default;
            var provider = providers.Find(name) ?? throw new AssistantException(TurnError.Unavailable, $"The settings name no provider {name}.");
            var options = new ChatOptions { ModelId = chatbot.Model, Temperature = (float?)chatbot.Temperature };
            var messages = await prompts.BuildAsync(chatbot, message, limit.Token);
            await foreach (var part in AssistantSpeech.ReadAsync(provider, messages, options, time, limit.Token))
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
            LogFailed(logger, e, turn.Id, chatbot.Id, e.Error);
            return e;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            return new AssistantException(TurnError.Timeout, $"It spoke for {MaxSpeaking.TotalSeconds} s.", inner: e);
        }
        catch (Exception e)
        {
            LogNotAsked(logger, e, turn.Id);
            return new AssistantException(TurnError.Unavailable, "What it is to be asked could not be read.", inner: e);
        }
        finally
        {
            reply.Complete();
        }
    }

    [LoggerMessage(1402, LogLevel.Warning, "The provider of chatbot {Chatbot} failed at turn {Turn}: {Error}")]
    private static partial void LogFailed(ILogger logger, Exception exception, Guid turn, Guid chatbot, TurnError error);

    [LoggerMessage(1403, LogLevel.Error, "The provider could not be asked for turn {Turn}.")]
    private static partial void LogNotAsked(ILogger logger, Exception exception, Guid turn);
}
