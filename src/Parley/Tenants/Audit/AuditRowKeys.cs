using System.Globalization;
using Parley.Storage;

namespace Parley.Tenants.Audit;

/// <summary>Row keys of audit entries, in the partition of the tenant or of the administration.</summary>
internal static class AuditRowKeys
{
    /// <summary>The prefix of all keys of entries.</summary>
    public const string AuditEntries = "audit|";

    private const int TimeDigits = 14;

    /// <summary>The key of an entry. Later times have lower keys.</summary>
    /// <param name="at">In whole milliseconds.</param>
    /// <param name="id">16 hexadecimal digits.</param>
    public static string AuditEntry(DateTimeOffset at, string id) => string.Create(
        CultureInfo.InvariantCulture,
        $"{AuditEntries}{KeyParts.MaxMillisecond - at.ToUnixTimeMilliseconds():D14}|{id}");

    /// <summary>Parses a key of <see cref="AuditEntry"/>.</summary>
    public static (DateTimeOffset At, string Id) ReadAuditEntry(string rowKey)
    {
        var inverse = long.Parse(
            rowKey.AsSpan(AuditEntries.Length, TimeDigits), NumberStyles.None, CultureInfo.InvariantCulture);
        return (
            DateTimeOffset.FromUnixTimeMilliseconds(KeyParts.MaxMillisecond - inverse),
            rowKey[(AuditEntries.Length + TimeDigits + 1)..]);
    }
}
