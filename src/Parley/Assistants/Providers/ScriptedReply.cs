using System.Globalization;
using Microsoft.Extensions.AI;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>The scripted assistant's reply to a conversation.</summary>
/// <param name="Words">The words of the reply.</param>
/// <param name="Failure">The failure after these words; null for none.</param>
/// <param name="Pace">The delay between words that the message sets; null when it sets none.</param>
internal sealed record ScriptedReply(IReadOnlyList<string> Words, ProviderError? Failure, TimeSpan? Pace)
{
    private const int MaxWords = 10_000;
    private const int MaxPace = 5_000;
    private const int MaxEcho = 100;

    /// <summary>
    /// Reads the commands in the last message of the user. Without <c>/words</c> and without a failure, the reply
    /// quotes that message and counts the others.
    /// </summary>
    public static ScriptedReply Read(IReadOnlyList<ChatMessage> messages)
    {
        var lastOfUser = messages.LastOrDefault(message => message.Role == ChatRole.User);
        var tokens = Split(lastOfUser?.Text ?? "");
        var (words, after, pace, failure) = ((int?)null, (int?)null, (int?)null, (ProviderError?)null);
        for (var i = 0; i < tokens.Length; i++)
        {
            switch (tokens.AsSpan(i))
            {
                case ["/words", var number, ..] when Number(number, MaxWords) is { } count:
                    words = count;
                    break;
                case ["/pace", var number, ..] when Number(number, MaxPace) is { } milliseconds:
                    pace = milliseconds;
                    break;
                case ["/fail", var kind, .. var rest] when Failing(kind) is { } error:
                    (failure, after) = (error, After(rest));
                    break;
                case ["/hang", .. var rest]:
                    (failure, after) = (ProviderError.Timeout, After(rest));
                    break;
            }
        }

        // A failure without a number comes before the first word.
        var numbered = failure is null ? words : Math.Min(words ?? MaxWords, after ?? 0);
        return new ScriptedReply(
            numbered is { } all
                ? [.. Enumerable.Range(1, all).Select(n => string.Create(CultureInfo.InvariantCulture, $"word{n}"))]
                : DefaultReply(messages, lastOfUser, tokens),
            failure,
            pace is { } time ? TimeSpan.FromMilliseconds(time) : null);
    }

    /// <summary>The words of a text.</summary>
    public static string[] Split(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static string[] DefaultReply(IReadOnlyList<ChatMessage> messages, ChatMessage? lastOfUser, string[] tokens)
    {
        var instructions = messages
            .Where(message => message.Role == ChatRole.System)
            .Sum(message => message.Text.Length);
        var history = messages.Count(message => message.Role != ChatRole.System && message != lastOfUser);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"This is Parley's scripted assistant, not a language model. "
            + $"You wrote: “{Beginning(string.Join(' ', tokens))}” "
            + $"I was given {history} earlier messages and {instructions} characters of instructions.").Split(' ');
    }

    private static string Beginning(string text) =>
        text.Length <= MaxEcho ? text : Texts.Truncate(text, MaxEcho) + "…";

    private static int? After(ReadOnlySpan<string> rest) =>
        rest is ["after", var number, ..] ? Number(number, MaxWords) : null;

    private static ProviderError? Failing(string kind) => kind switch
    {
        "timeout" => ProviderError.Timeout,
        "rate_limited" => ProviderError.RateLimited,
        "refused" => ProviderError.Refused,
        "unavailable" => ProviderError.Unavailable,
        "bad_request" => ProviderError.BadRequest,
        _ => null,
    };

    private static int? Number(string text, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max
            ? number
            : null;
}
