using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>
/// The finish reasons of servers with a chat completions API. A reply is whole only after a reason that is known to
/// mean its end: gateways and inference servers also name a reason when they break off.
/// </summary>
/// <remarks>
/// The names are from the API references of OpenAI, Azure OpenAI, Anthropic, Gemini, Cohere, Mistral, DeepSeek, Zhipu,
/// Baidu and Amazon Bedrock, and from the servers vLLM, SGLang, Text Generation Inference and Together.
/// </remarks>
internal static class OpenAIFinishReasons
{
    private static readonly Dictionary<string, ChatFinishReason?> Known = new(
        [
            .. Names(null, "", "null", "none", "finish_reason_unspecified"),
            .. Names(
                ChatFinishReason.Stop,
                "stop", "stop_sequence", "end_turn", "eos", "eos_token", "complete", "completed", "normal"),
            .. Names(
                ChatFinishReason.Length,
                "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"),
            .. Names(ChatFinishReason.ToolCalls, "tool_calls", "tool_call", "tool_use", "function_call"),
            .. Names(
                ChatFinishReason.ContentFilter,
                "content_filter", "content_filtered", "sensitive", "safety", "refusal", "recitation", "blocklist",
                "prohibited_content", "spii", "error_toxic", "guardrail_intervened"),
        ],
        StringComparer.Ordinal);

    /// <summary>Any other reason: it is text of the server, which is not kept.</summary>
    private static readonly ChatFinishReason Unknown = new("an unknown reason");

    /// <summary>The reasons with which a gateway reports that the model broke off.</summary>
    private static readonly HashSet<string> Interruptions = new(
        ["abort", "aborted", "error", "network_error", "insufficient_system_resource"], StringComparer.Ordinal);

    /// <summary>
    /// Maps a finish reason to null (none yet), stop, length, tool calls or content filter. Any other result is
    /// the name of an interruption, or "an unknown reason".
    /// </summary>
    /// <param name="reason">The chunk's <c>finish_reason</c>.</param>
    /// <param name="native">
    /// The model's own reason, if the server is a gateway that passes it on. OpenRouter and LiteLLM report
    /// <c>stop</c> for reasons that they do not know, also for a connection that was lost.
    /// </param>
    public static ChatFinishReason? Read(string? reason, string? native)
    {
        var (name, nativeName) = (Normalize(reason), Normalize(native));
        if (!Known.TryGetValue(name, out var known))
        {
            return Interruptions.Contains(name) ? new ChatFinishReason(name) : Unknown;
        }

        return known switch
        {
            null => null,
            _ when Interruptions.Contains(nativeName) => new ChatFinishReason(nativeName),
            _ when Known.GetValueOrDefault(nativeName) == ChatFinishReason.ContentFilter =>
                ChatFinishReason.ContentFilter,
            _ => known,
        };
    }

    private static IEnumerable<KeyValuePair<string, ChatFinishReason?>> Names(
        ChatFinishReason? reason, params string[] names) => names.Select(name => KeyValuePair.Create(name, reason));

    /// <summary>
    /// The name in the spelling of the table. Gemini adds a detail after a colon
    /// (<c>content_filter: PROHIBITED_CONTENT</c>).
    /// </summary>
    private static string Normalize(string? reason)
    {
        var name = (reason ?? "").Split(':')[0].Trim();
        return string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_'));
    }
}
