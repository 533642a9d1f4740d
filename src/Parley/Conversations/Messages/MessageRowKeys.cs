using System.Globalization;

namespace Parley.Conversations.Messages;

/// <summary>Row keys of messages and of the external ids that they were posted with.</summary>
internal static class MessageRowKeys
{
    public static string Message(int sequence) => string.Create(CultureInfo.InvariantCulture, $"m|{sequence:D10}");

    /// <summary>The row of an external id and its request body. It contains the number of the message.</summary>
    public static string ExternalId(string hash) => "x|" + hash;
}
