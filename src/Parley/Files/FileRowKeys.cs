using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>
/// Row keys of files that belong to messages, and of the schedule rows for the removal of unused blobs.
/// </summary>
internal static class FileRowKeys
{
    /// <summary>A file that belongs to a message of the conversation.</summary>
    public static string File(Guid file) => "b|" + file.ToString("N", CultureInfo.InvariantCulture);

    /// <summary>The prefix of the schedule rows of blobs.</summary>
    public const string ScheduledFiles = "b|";

    /// <summary>In the table Due: the blob is removed then, unless it belongs to a message.</summary>
    public static string ScheduledFile(ConversationKey conversation, Guid file) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ScheduledFiles}{conversation.Tenant.Number:D8}|{conversation.Number:D10}|{file:N}");

    /// <summary>The same in the table Schedule.</summary>
    /// <param name="revision">0 for an upload; else the message's revision from which on it lacks the file.</param>
    public static string ScheduledFile(ConversationKey conversation, Guid file, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{ScheduledFile(conversation, file)}|{revision:D10}");

    /// <summary>Parses a key of either table.</summary>
    public static (ConversationKey Conversation, Guid File) ReadScheduledFile(string rowKey)
    {
        var parts = rowKey.Split('|');
        var conversation = new ConversationKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2]));
        return (conversation, Guid.ParseExact(parts[3], "N"));
    }
}
