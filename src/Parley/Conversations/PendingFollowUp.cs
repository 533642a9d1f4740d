using System.Globalization;

namespace Parley.Conversations;

/// <summary>
/// A pending follow-up, as the conversation's head stores it: enough to cancel it in a message's transaction without
/// reading it.
/// </summary>
/// <param name="CreatedAt">Milliseconds since 1970; part of the index row's key.</param>
public sealed record PendingFollowUp(int Number, int Revision, long CreatedAt)
{
    /// <summary>
    /// The most pending follow-ups of a conversation: with their events they fit the transaction of a message.
    /// </summary>
    public const int Max = 20;

    /// <summary>Returns the property <c>Pending</c> of the head.</summary>
    internal static string Write(IEnumerable<PendingFollowUp> pending) =>
        string.Join(' ', pending.Select(one =>
            string.Create(CultureInfo.InvariantCulture, $"{one.Number}:{one.Revision}:{one.CreatedAt}")));

    internal static IReadOnlyList<PendingFollowUp> Read(string? text) => string.IsNullOrEmpty(text)
        ? []
        : [.. text.Split(' ').Select(one => one.Split(':')).Select(parts => new PendingFollowUp(
            int.Parse(parts[0], CultureInfo.InvariantCulture),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            long.Parse(parts[2], CultureInfo.InvariantCulture)))];
}
