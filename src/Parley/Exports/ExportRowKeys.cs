using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>The row keys of exports and of their index rows in the table Due.</summary>
internal static class ExportRowKeys
{
    /// <summary>The key of an export in its tenant's partition.</summary>
    public static string Export(int number) => string.Create(CultureInfo.InvariantCulture, $"e|{number:D10}");

    /// <summary>The prefix of all index rows of exports in Due.</summary>
    public const string ScheduledExports = "e|";

    /// <summary>The key of the index row for an export's next step.</summary>
    /// <param name="step">0 for the file, n for the n-th attempt at the webhook.</param>
    public static string ScheduledExport(ExportKey export, int step) => string.Create(
        CultureInfo.InvariantCulture, $"e|{export.Tenant.Number:D8}|{export.Number:D10}|{step:D10}");

    /// <summary>The key of the index row for the removal of an export's file.</summary>
    public static string ScheduledExpiry(ExportKey export) => string.Create(
        CultureInfo.InvariantCulture, $"e|{export.Tenant.Number:D8}|{export.Number:D10}|x");

    /// <summary>
    /// Parses a key of <see cref="ScheduledExport"/> or <see cref="ScheduledExpiry"/>; no step for the latter.
    /// </summary>
    public static (ExportKey Export, int? Step) ReadScheduledExport(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            new ExportKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2])),
            parts[3] == "x" ? null : KeyParts.Number(parts[3]));
    }
}
