using System.Globalization;

namespace Parley.Conversations.Threads;

/// <summary>Threads and their messages.</summary>
internal static class ThreadRowKeys
{
    /// <summary>A thread, by the message that it starts from.</summary>
    public static string Thread(int sequence) => string.Create(CultureInfo.InvariantCulture, $"th|{sequence:D10}");

    /// <summary>How the keys of a thread's messages begin.</summary>
    public static string ThreadMessages(int thread) => string.Create(CultureInfo.InvariantCulture, $"tm|{thread:D10}|");

    /// <summary>A message of a thread.</summary>
    public static string ThreadMessage(int thread, int sequence) => string.Create(CultureInfo.InvariantCulture, $"{ThreadMessages(thread)}{sequence:D10}");
}
