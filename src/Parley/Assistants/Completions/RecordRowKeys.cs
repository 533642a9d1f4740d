using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>Row keys of the index of a chatbot's records.</summary>
internal static class RecordRowKeys
{
    /// <summary>The prefix of all keys of records.</summary>
    public const string Records = "r|";

    /// <summary>
    /// The row key of a record. Keys sort by time, then by conversation, then by sequence, each in descending order.
    /// </summary>
    /// <param name="createdAt">Milliseconds since 1970 (UTC).</param>
    /// <param name="conversation">The conversation's number.</param>
    /// <param name="sequence">The number of the customer's message.</param>
    public static string Record(long createdAt, int conversation, int sequence) => string.Create(
        CultureInfo.InvariantCulture,
        $"{RecordsAt(createdAt)}{int.MaxValue - conversation:D10}|{MessageKey.MaxSequence - sequence:D10}");

    /// <summary>The prefix of the keys of one millisecond's records. Later times have lower keys.</summary>
    public static string RecordsAt(long createdAt) =>
        string.Create(CultureInfo.InvariantCulture, $"{Records}{KeyParts.MaxMillisecond - createdAt:D14}|");

    /// <summary>Parses a key of <see cref="Record"/>.</summary>
    public static (long CreatedAt, int Conversation, int Sequence) ReadRecord(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            KeyParts.MaxMillisecond - long.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - KeyParts.Number(parts[2]),
            MessageKey.MaxSequence - KeyParts.Number(parts[3]));
    }
}
