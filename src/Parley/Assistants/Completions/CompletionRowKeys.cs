using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>Row keys of completions and of their schedule rows.</summary>
internal static class CompletionRowKeys
{
    /// <param name="sequence">The number of the customer's message.</param>
    public static string Completion(int sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"t|{sequence:D10}");

    /// <summary>The greatest number of a chunk.</summary>
    public const int MaxChunk = 9_999;

    private const int MaxAttempt = 999_999;

    /// <summary>
    /// A chunk of the text of an attempt. Keys sort behind that of the completion, the newest attempt and its newest
    /// chunk first.
    /// </summary>
    /// <param name="sequence">The number of the customer's message.</param>
    /// <param name="attempt">The number of attempts begun.</param>
    /// <param name="number">The number of the chunk, from 0.</param>
    public static string Chunk(int sequence, int attempt, int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Completion(sequence)}|{MaxAttempt - attempt:D6}|{MaxChunk - number:D4}");

    /// <summary>True for a key of <see cref="Chunk"/>, among the keys of completions and chunks.</summary>
    public static bool IsChunk(string rowKey) => rowKey.Length > Completion(0).Length;

    /// <summary>Parses a key of <see cref="Chunk"/>.</summary>
    public static (int Attempt, int Number) ReadChunk(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (MaxAttempt - KeyParts.Number(parts[2]), MaxChunk - KeyParts.Number(parts[3]));
    }

    /// <summary>The prefix of the row keys of completions in the schedule.</summary>
    public const string ScheduledCompletions = "t|";

    /// <summary>In the schedule: a completion that must have ended, or have been begun, by then.</summary>
    /// <param name="completion">The key of the customer's message.</param>
    /// <param name="attempt">
    /// The number of attempts begun. It makes the row of one attempt distinct from the row of another.
    /// </param>
    public static string ScheduledCompletion(MessageKey completion, int attempt)
    {
        var (tenant, conversation) = (completion.Conversation.Tenant.Number, completion.Conversation.Number);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{ScheduledCompletions}{tenant:D8}|{conversation:D10}|{completion.Sequence:D10}|{attempt:D6}");
    }

    /// <summary>Parses a key of <see cref="ScheduledCompletion"/>.</summary>
    public static (MessageKey Completion, int Attempt) ReadScheduledCompletion(string rowKey)
    {
        var parts = rowKey.Split('|');
        var tenant = new TenantId(KeyParts.Number(parts[1]));
        var conversation = new ConversationKey(tenant, KeyParts.Number(parts[2]));
        return (new MessageKey(conversation, KeyParts.Number(parts[3])), KeyParts.Number(parts[4]));
    }
}
