using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>Completions and their schedule rows.</summary>
internal static class CompletionRowKeys
{
    /// <summary>An assistant's turn, by the customer's message.</summary>
    public static string Completion(int sequence) => string.Create(CultureInfo.InvariantCulture, $"t|{sequence:D10}");

    /// <summary>How the keys of turns in Due begin.</summary>
    public const string ScheduledCompletions = "t|";

    /// <summary>In Due: a turn that must have ended by then, or begun.</summary>
    /// <param name="completion">The customer's message.</param>
    /// <param name="attempt">How often it has been begun: so the row of one time can never be taken for that of another.</param>
    public static string ScheduledCompletion(MessageKey completion, int attempt) => string.Create(
        CultureInfo.InvariantCulture, $"t|{completion.Conversation.Tenant.Number:D8}|{completion.Conversation.Number:D10}|{completion.Sequence:D10}|{attempt:D6}");

    /// <summary>What a key of <see cref="ScheduledCompletion"/> tells.</summary>
    public static (MessageKey Completion, int Attempt) ReadScheduledCompletion(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new MessageKey(new ConversationKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2])), KeyParts.Number(parts[3])), KeyParts.Number(parts[4]));
    }
}
