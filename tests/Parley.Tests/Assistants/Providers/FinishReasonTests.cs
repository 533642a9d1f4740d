using Parley.Assistants.Providers;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>
/// Every finish reason with every text and every end of the stream, against an oracle: a reply is whole only after an
/// end that is known to be one, and only with text.
/// </summary>
public class FinishReasonTests
{
    private static readonly string[] None = ["null", "\"\"", "\"null\"", "\"None\"", "\" \"", "absent"];

    private static readonly string[] Ends =
    [
        "stop", "STOP", "stop_sequence", "end_turn", "eos", "eos_token", "COMPLETE", "normal", "length", "max_tokens",
        "MAX_TOKENS", "model_length", "model_context_window_exceeded", "tool_calls", "tool_use", "function_call",
    ];

    private static readonly string[] Refusals =
    [
        "content_filter", "content_filtered", "sensitive", "SAFETY", "refusal", "RECITATION", "BLOCKLIST", "SPII",
        "ERROR_TOXIC", "guardrail_intervened", "content_filter: PROHIBITED_CONTENT",
    ];

    private static readonly string[] Cuts =
    [
        "abort", "insufficient_system_resource", "network_error", "error", "ERROR", "load", "pause_turn", "other",
        "MALFORMED_FUNCTION_CALL", "a reason of tomorrow", "-", "stop_it",
    ];

    private static readonly string[][] Texts =
        [[], [" \n"], ["\u0000"], ["Hi"], ["\n", " Hi"], ["One", " ", "two\n", "three"], ["tail", "\n\n"]];

    private enum End
    {
        Done,
        ClosedAfterReason,
        ClosedBeforeReason,
        BrokenAfterReason,
        BrokenBeforeReason,
        ErrorAfterReason,
        ErrorBeforeReason,
    }

    public static TheoryData<int> Parts => [.. Enumerable.Range(0, Texts.Length)];

    [Theory]
    [MemberData(nameof(Parts))]
    public async Task A_reply_is_whole_only_after_a_known_end(int which)
    {
        var random = new Random(which);
        var reasons = None.Concat(Ends.Concat(Refusals).Concat(Cuts).Select(reason => $"\"{reason}\""));
        foreach (var reason in reasons)
        {
            foreach (var end in Enum.GetValues<End>())
            {
                await AssertAsync(Texts[which], reason, end, withText: random.Next(2) == 0, errorCode: random.Next(3));
            }
        }
    }

    private static async Task AssertAsync(string[] texts, string reason, End end, bool withText, int errorCode)
    {
        var (events, isBroken) = Stream(texts, reason, end, withText, errorCode);
        using var server = new Receiver(stream =>
            stream.WriteAsync(isBroken ? Beginning(events) : Chunked(events)).AsTask());

        var (parts, failure) = await ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);

        var text = string.Concat(texts);
        var isBlank = text.All(c => char.IsWhiteSpace(c) || c == '\0');
        Assert.Equal(
            (Oracle(isBlank, reason, end, errorCode), isBlank ? "" : text, events),
            (failure?.Error, string.Concat(parts), events));
    }

    private static ProviderError? Oracle(bool isBlank, string reason, End end, int errorCode)
    {
        var name = reason.Trim('"');
        var sent = end is not (End.ClosedBeforeReason or End.BrokenBeforeReason or End.ErrorBeforeReason);
        if (sent && Refusals.Contains(name))
        {
            return ProviderError.Refused;
        }

        if (sent && Cuts.Contains(name))
        {
            return ProviderError.Unavailable;
        }

        if (end == End.Done || (sent && Ends.Contains(name)))
        {
            return isBlank ? ProviderError.Empty : null;
        }

        return end is End.ErrorAfterReason or End.ErrorBeforeReason
            ? new[] { ProviderError.RateLimited, ProviderError.BadRequest, ProviderError.Unavailable }[errorCode]
            : ProviderError.Unavailable;
    }

    /// <param name="withText">True if the reason comes with the last text, not in a chunk of its own.</param>
    private static (string Events, bool IsBroken) Stream(
        string[] texts, string reason, End end, bool withText, int errorCode)
    {
        var hasReason = end is not (End.ClosedBeforeReason or End.BrokenBeforeReason or End.ErrorBeforeReason);
        var events = Delta("""{"role":"assistant","content":""}""");
        for (var i = 0; i < texts.Length; i++)
        {
            var last = hasReason && withText && i == texts.Length - 1;
            events += last ? Text(texts[i]).Replace(Null, Reason(reason), StringComparison.Ordinal) : Text(texts[i]);
        }

        if (hasReason && !(withText && texts.Length > 0))
        {
            events += Delta("{}").Replace(Null, Reason(reason), StringComparison.Ordinal);
        }

        events += end switch
        {
            End.Done => Done,
            End.ErrorAfterReason or End.ErrorBeforeReason => Event(errorCode switch
            {
                0 => """{"error":{"code":429,"message":"x"}}""",
                1 => """{"error":{"code":"context_length_exceeded","message":"x"}}""",
                _ => """{"error":{"type":"server_error","message":"x"}}""",
            }),
            _ => "",
        };
        return (events, end is End.BrokenAfterReason or End.BrokenBeforeReason);
    }

    private const string Null = ",\"finish_reason\":null";

    private static string Reason(string reason) => reason == "absent" ? "" : $",\"finish_reason\":{reason}";
}
