using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// The row keys of exports and of their schedule rows. Those of the table Due lack the revision.
/// </summary>
internal static class ExportRowKeys
{
    /// <summary>The key of an export in its tenant's partition.</summary>
    public static string Export(int number) => string.Create(CultureInfo.InvariantCulture, $"e|{number:D10}");

    /// <summary>The prefix of all schedule rows of exports.</summary>
    public const string ScheduledExports = "e|";

    /// <summary>The key in the table Due for an export's next step.</summary>
    /// <param name="step">0 for the file, n for the n-th attempt at the webhook.</param>
    public static string ScheduledExport(ExportKey export, int step) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ScheduledExports}{export.Tenant.Number:D8}|{export.Number:D10}|{step:D10}");

    /// <summary>The key in the table Schedule for an export's next step.</summary>
    /// <param name="step">0 for the file, n for the n-th attempt at the webhook.</param>
    /// <param name="revision">The export's revision that the row was written for.</param>
    public static string ScheduledExport(ExportKey export, int step, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{ScheduledExport(export, step)}|{revision:D10}");

    /// <summary>The key in the table Due for the removal of an export's file.</summary>
    public static string ScheduledExpiry(ExportKey export) => string.Create(
        CultureInfo.InvariantCulture, $"{ScheduledExports}{export.Tenant.Number:D8}|{export.Number:D10}|x");

    /// <summary>The key in the table Schedule for the removal of an export's file.</summary>
    /// <param name="date">1 for the first time of the removal, 2 for the second.</param>
    public static string ScheduledExpiry(ExportKey export, int date) =>
        string.Create(CultureInfo.InvariantCulture, $"{ScheduledExpiry(export)}|{date}");

    /// <summary>
    /// Parses a key of either table: no step for the removal of the file, and no revision for that or in the table Due.
    /// </summary>
    public static (ExportKey Export, int? Step, int? Revision) ReadScheduledExport(string rowKey)
    {
        var parts = rowKey.Split('|');
        var isExpiry = parts[3] == "x";
        return (
            new ExportKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2])),
            isExpiry ? null : KeyParts.Number(parts[3]),
            isExpiry || parts.Length == 4 ? null : KeyParts.Number(parts[4]));
    }
}
