using System.Globalization;

namespace Parley.Conversations.Messages;

/// <summary>Row keys of messages.</summary>
internal static class MessageRowKeys
{
    public static string Message(int sequence) => string.Create(CultureInfo.InvariantCulture, $"m|{sequence:D10}");
}
