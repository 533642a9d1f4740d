using System.Globalization;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// What the conversation's head knows of a pending follow-up: enough to end it in a message's transaction without
/// reading it.
/// </summary>
/// <param name="Number">The follow-up's number.</param>
/// <param name="Revision">Its revision.</param>
/// <param name="CreatedAt">When it was created (milliseconds since 1970): part of its index row's key.</param>
public sealed record PendingFollowUp(int Number, int Revision, long CreatedAt)
{
    /// <summary>
    /// The most that a conversation has at once: with their events they fit the transaction of a message.
    /// </summary>
    public const int Max = 20;

    /// <summary>What the head is to know of one.</summary>
    internal static PendingFollowUp Of(FollowUp followUp) => new(followUp.Number, followUp.Revision, followUp.CreatedAt.ToUnixTimeMilliseconds());

    /// <summary>The head's property.</summary>
    internal static string Write(IEnumerable<PendingFollowUp> pending) =>
        string.Join(' ', pending.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Number}:{one.Revision}:{one.CreatedAt}")));

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static IReadOnlyList<PendingFollowUp> Read(string? text) => string.IsNullOrEmpty(text)
        ? []
        : [.. text.Split(' ').Select(one => one.Split(':')).Select(parts => new PendingFollowUp(
            int.Parse(parts[0], CultureInfo.InvariantCulture),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            long.Parse(parts[2], CultureInfo.InvariantCulture)))];
}
