using System.Globalization;

namespace Parley.Conversations.Threads;

/// <summary>Row keys of threads and their messages. <see cref="ThreadMessages"/> is a key prefix.</summary>
internal static class ThreadRowKeys
{
    /// <summary>The number is that of the message that the thread starts from.</summary>
    public static string Thread(int sequence) => string.Create(CultureInfo.InvariantCulture, $"th|{sequence:D10}");

    public static string ThreadMessages(int thread) => string.Create(CultureInfo.InvariantCulture, $"tm|{thread:D10}|");

    public static string ThreadMessage(int thread, int sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{ThreadMessages(thread)}{sequence:D10}");
}
