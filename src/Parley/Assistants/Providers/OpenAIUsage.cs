using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>
/// Reads the <c>usage</c> of a chunk: the tokens that the server counts. They are only measured, so a usage of another
/// form is ignored and never makes a reply fail.
/// </summary>
internal static class OpenAIUsage
{
    /// <summary>Adds the counts to an update, if the chunk has any.</summary>
    /// <param name="usage">An object with <c>prompt_tokens</c> and <c>completion_tokens</c>, or anything else.</param>
    public static ChatResponseUpdate Add(JsonElement usage, ChatResponseUpdate update)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return update;
        }

        var details = new UsageDetails();
        foreach (var count in usage.EnumerateObject())
        {
            // Not NameEquals, which fails at names with half a surrogate pair.
            var name = JsonMarshal.GetRawUtf8PropertyName(count);
            if (name.SequenceEqual("prompt_tokens"u8))
            {
                details.InputTokenCount = Read(count.Value);
            }
            else if (name.SequenceEqual("completion_tokens"u8))
            {
                details.OutputTokenCount = Read(count.Value);
            }
        }

        if (details is not { InputTokenCount: null, OutputTokenCount: null })
        {
            update.Contents.Add(new UsageContent(details));
        }

        return update;
    }

    private static int? Read(JsonElement count) =>
        count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out var tokens) && tokens >= 0 ? tokens : null;
}
