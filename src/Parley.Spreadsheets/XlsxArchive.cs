using System.Diagnostics;
using System.IO.Compression;
using System.Text;

namespace Parley.Spreadsheets;

/// <summary>
/// Writes a workbook's parts as entries of a zip archive, one after another. The content types come first: programs
/// that tell a file's type by its first bytes look for them there.
/// </summary>
internal sealed class XlsxArchive(CountingStream output) : IAsyncDisposable
{
    // A fixed time, so that equal tables give equal bytes: the earliest time that zip's MS-DOS format can represent.
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private ZipArchive? archive;
    private Stream? entry;

    /// <summary>Writes the buffer to the sheet of this number, which begins with the first call.</summary>
    public async ValueTask WriteSheetAsync(int number, Utf8Buffer buffer, CancellationToken cancellation)
    {
        if (entry is null)
        {
            await EnsureBegunAsync(cancellation);
            await OpenAsync(XlsxParts.SheetName(number), cancellation);
        }

        await buffer.FlushAsync(entry!, cancellation);
    }

    /// <summary>Ends the sheet, or another part. The next write begins another entry.</summary>
    public async ValueTask EndPartAsync(CancellationToken cancellation)
    {
        Debug.Assert(entry is not null, "The part's first write has opened it.");
        await entry.DisposeAsync();
        entry = null;
        await output.FlushAsync(cancellation);
    }

    /// <summary>Writes the parts that name the sheets, and the end of the archive.</summary>
    public async ValueTask CompleteAsync(int sheets, CancellationToken cancellation)
    {
        await EnsureBegunAsync(cancellation);
        await WritePartsAsync(XlsxParts.AfterSheets(sheets), cancellation);
        await archive!.DisposeAsync();
        archive = null;
        await output.FlushAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        // Both disposals write an end, which the output discards.
        output.Abandon();
        if (entry is not null)
        {
            await entry.DisposeAsync();
        }

        if (archive is not null)
        {
            await archive.DisposeAsync();
        }
    }

    private async ValueTask EnsureBegunAsync(CancellationToken cancellation)
    {
        if (archive is null)
        {
            archive = await ZipArchive.CreateAsync(
                output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellation);
            await WritePartsAsync(XlsxParts.BeforeSheets, cancellation);
        }
    }

    private async ValueTask WritePartsAsync(
        IEnumerable<(string Name, string Xml)> parts, CancellationToken cancellation)
    {
        foreach (var (name, xml) in parts)
        {
            await OpenAsync(name, cancellation);
            await entry!.WriteAsync(Encoding.UTF8.GetBytes(xml), cancellation);
            await EndPartAsync(cancellation);
        }
    }

    private async ValueTask OpenAsync(string name, CancellationToken cancellation)
    {
        var next = archive!.CreateEntry(name, CompressionLevel.Fastest);
        next.LastWriteTime = EntryTime;
        entry = await next.OpenAsync(cancellation);
    }
}
