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
