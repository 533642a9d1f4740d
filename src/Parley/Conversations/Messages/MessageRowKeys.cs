using System.Globalization;

namespace Parley.Conversations.Messages;

/// <summary>Messages, and the external ids that they were posted with.</summary>
internal static class MessageRowKeys
{
    /// <summary>A message of a conversation.</summary>
    public static string Message(int sequence) => string.Create(CultureInfo.InvariantCulture, $"m|{sequence:D10}");

    /// <summary>What an external id and the body that came with it made.</summary>
    public static string ExternalId(string hash) => "x|" + hash;
}
