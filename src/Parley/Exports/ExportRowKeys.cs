using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>Exports and their schedule rows.</summary>
internal static class ExportRowKeys
{
    /// <summary>An export, in its tenant's partition.</summary>
    public static string Export(int number) => string.Create(CultureInfo.InvariantCulture, $"e|{number:D10}");

    /// <summary>How the keys of exports in Due begin.</summary>
    public const string ScheduledExports = "e|";

    /// <summary>In Due: an export that has a step to be done.</summary>
    /// <param name="export">The export.</param>
    /// <param name="step">0 for the file, n for the n-th attempt at the callback.</param>
    public static string ScheduledExport(ExportKey export, int step) => string.Create(
        CultureInfo.InvariantCulture, $"e|{export.Tenant.Number:D8}|{export.Number:D10}|{step:D10}");

    /// <summary>In Due: an export whose file is to be removed.</summary>
    public static string ScheduledExpiry(ExportKey export) => string.Create(
        CultureInfo.InvariantCulture, $"e|{export.Tenant.Number:D8}|{export.Number:D10}|x");

    /// <summary>What a key of <see cref="ScheduledExport"/> or <see cref="ScheduledExpiry"/> tells; no step for the latter.</summary>
    public static (ExportKey Export, int? Step) ReadScheduledExport(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new ExportKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[2])), parts[3] == "x" ? null : KeyParts.Number(parts[3]));
    }
}
