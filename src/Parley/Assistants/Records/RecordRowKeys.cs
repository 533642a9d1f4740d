using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Records;

/// <summary>Rows of the list of a chatbot's records.</summary>
internal static class RecordRowKeys
{
    /// <summary>How the keys of a chatbot's records begin.</summary>
    public const string Records = "r|";

    /// <summary>A record in its chatbot's list: newest first, then highest conversation, then highest number.</summary>
    /// <param name="createdAt">Milliseconds since 1970 (UTC).</param>
    /// <param name="conversation">The conversation's number.</param>
    /// <param name="sequence">The number of the customer's message.</param>
    public static string Record(long createdAt, int conversation, int sequence) => string.Create(
        CultureInfo.InvariantCulture, $"{RecordsAt(createdAt)}{int.MaxValue - conversation:D10}|{MessageKey.MaxSequence - sequence:D10}");

    /// <summary>How the keys of the records of one millisecond begin; those of later ones are before.</summary>
    public static string RecordsAt(long createdAt) => string.Create(CultureInfo.InvariantCulture, $"{Records}{KeyParts.MaxMillisecond - createdAt:D14}|");

    /// <summary>What a key of <see cref="Record"/> tells.</summary>
    public static (long CreatedAt, int Conversation, int Sequence) ReadRecord(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            KeyParts.MaxMillisecond - long.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - KeyParts.Number(parts[2]),
            MessageKey.MaxSequence - KeyParts.Number(parts[3]));
    }
}
