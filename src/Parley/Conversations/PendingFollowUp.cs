using System.Globalization;

namespace Parley.Conversations;

/// <summary>
/// A pending follow-up, as the conversation's head stores it: enough to cancel it in a message's transaction without
/// reading it, and to decide in the sending transaction whether an earlier one is pending.
/// </summary>
/// <param name="CreatedAt">Milliseconds since 1970; part of the index row's key.</param>
/// <param name="DueAt">
/// Milliseconds since 1970; null in a head that version 0.2.0 or an earlier one has written.
/// </param>
/// <param name="Check">
/// The random part of the UUID; 0 in a head that a version before 0.3.0 has written. No transaction depends on it: the
/// change log has it from here.
/// </param>
public sealed record PendingFollowUp(int Number, int Revision, long CreatedAt, long? DueAt, long Check)
{
    /// <summary>
    /// The most pending follow-ups of a conversation: with their events they fit the transaction of a message.
    /// </summary>
    public const int Max = 20;

    /// <summary>
    /// The order of sending: by due time, then by number, which is the order of creation. One without a due time comes
    /// first.
    /// </summary>
    public static Comparer<PendingFollowUp> Order { get; } = Comparer<PendingFollowUp>.Create(
        (left, right) => (left.DueAt, left.Number).CompareTo((right.DueAt, right.Number)));

    /// <summary>True if this one is sent before the other.</summary>
    public bool IsBefore(PendingFollowUp other) => Order.Compare(this, other) < 0;

    /// <summary>Returns the property <c>Pending</c> of the head.</summary>
    internal static string Write(IEnumerable<PendingFollowUp> pending) => string.Join(' ', pending.Select(Write));

    internal static IReadOnlyList<PendingFollowUp> Read(string? text) =>
        string.IsNullOrEmpty(text) ? [] : [.. text.Split(' ').Select(ReadOne)];

    // Version 0.2.0 ignores a fourth number and more, and writes three.
    private static string Write(PendingFollowUp one) => string.Create(
        CultureInfo.InvariantCulture,
        $"{one.Number}:{one.Revision}:{one.CreatedAt}{(one.DueAt is { } dueAt ? $":{dueAt}:{one.Check}" : "")}");

    private static PendingFollowUp ReadOne(string text)
    {
        var numbers = text.Split(':').Select(part => long.Parse(part, CultureInfo.InvariantCulture)).ToList();
        return new PendingFollowUp(
            (int)numbers[0],
            (int)numbers[1],
            numbers[2],
            numbers.Count > 3 ? numbers[3] : null,
            numbers.Count > 4 ? numbers[4] : 0);
    }
}
