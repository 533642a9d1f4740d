using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>Files that messages hold, and the schedule rows by which unused blobs are removed.</summary>
internal static class FileRowKeys
{
    /// <summary>A file that a message of the conversation holds.</summary>
    public static string File(Guid file) => "b|" + file.ToString("N", CultureInfo.InvariantCulture);

    /// <summary>How the keys of blobs in Due begin.</summary>
    public const string ScheduledFiles = "b|";

    /// <summary>In Due: a blob to remove unless a message holds it.</summary>
    public static string ScheduledFile(ConversationKey conversation, Guid file) =>
        string.Create(CultureInfo.InvariantCulture, $"b|{conversation.Tenant.Number:D8}|{conversation.Number:D10}|{file:N}");

    /// <summary>What a key of <see cref="ScheduledFile"/> tells.</summary>
    public static (ConversationKey Conversation, Guid File) ReadScheduledFile(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new ConversationKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2])), Guid.ParseExact(parts[3], "N"));
    }
}
