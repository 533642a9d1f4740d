using System.Globalization;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Files;
using Parley.Spreadsheets;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>A link to an export's file.</summary>
/// <param name="Url">Reads this one blob and can do nothing else. Who has it needs no API key.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record ExportLink(Uri Url, DateTimeOffset ExpiresAt);

/// <summary>
/// The files of exports, in a private container: a blob for each attempt, <c>T/E/attempt.ext</c>, so that no two attempts ever share one. The export's row
/// names the one that counts.
/// </summary>
public sealed class ExportFiles(BlobServiceClient service, TimeProvider time) : IStorageResource, IDisposable
{
    /// <summary>The container of all files of exports.</summary>
    public const string ContainerName = "exports";

    /// <summary>How long a link reads its file.</summary>
    public static readonly TimeSpan LinkLifetime = TimeSpan.FromHours(1);

    private readonly BlobContainerClient container = service.GetBlobContainerClient(ContainerName);
    private readonly DelegationKeys keys = new(service, time);

    /// <summary>Bytes of a block: 4 MiB, but in tests. A file has at most 50,000 of them, so 195 GiB.</summary>
    internal int BlockBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Creates the container, unless it is there; only signed links and this app read it.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        container.CreateIfNotExistsAsync(PublicAccessType.None, cancellationToken: cancellation);

    /// <summary>The media type of a format.</summary>
    public static string MediaType(TableFormat format) => format switch
    {
        TableFormat.Csv => "text/csv; charset=utf-8",
        TableFormat.Jsonl => "application/jsonl",
        _ => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };

    /// <summary>As what a browser saves the file.</summary>
    public static string Disposition(Export export) =>
        string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"chat_messages_{export.Key.Number}.{Extension(export.Format)}\"");

    /// <inheritdoc/>
    public void Dispose() => keys.Dispose();

    /// <summary>What writes an attempt's blob.</summary>
    internal BlockWriter Write(Export export, int attempt, Action beforeBlock) => new(BlobOf(export, attempt), BlockBytes, beforeBlock);

    /// <summary>Makes an attempt's blob readable. May be repeated, also after a lost answer.</summary>
    internal Task CommitAsync(Export export, int attempt, IEnumerable<string> blockIds, CancellationToken cancellation) =>
        BlobOf(export, attempt).CommitBlockListAsync(
            blockIds,
            new CommitBlockListOptions
            {
                HttpHeaders = new BlobHttpHeaders
                {
                    ContentType = MediaType(export.Format),
                    ContentDisposition = Disposition(export),
                    CacheControl = "private, max-age=3600",
                },
            },
            cancellationToken: cancellation);

    /// <summary>Removes an attempt's blob; one that is not there is no error.</summary>
    internal Task DeleteAttemptAsync(Export export, int attempt, CancellationToken cancellation) =>
        BlobOf(export, attempt).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);

    /// <summary>Removes the blobs of an export that has ended, but for its file, if it has one.</summary>
    internal async Task DeleteRestAsync(Export export, CancellationToken cancellation)
    {
        var file = export is { Status: ExportStatus.Completed, FileAttempt: { } attempt } ? BlobName(export, attempt) : null;
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, Folder(export.Key), cancellation))
        {
            if (blob.Name != file)
            {
                await container.GetBlobClient(blob.Name).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);
            }
        }
    }

    /// <summary>A link for the next <see cref="LinkLifetime"/>; null when the export has no file.</summary>
    /// <exception cref="Azure.RequestFailedException">The key that signs it cannot be had.</exception>
    public async ValueTask<ExportLink?> LinkAsync(Export export, CancellationToken cancellation)
    {
        if (export is not { Status: ExportStatus.Completed, FileAttempt: { } attempt })
        {
            return null;
        }

        var links = await keys.LinksAsync(container, LinkLifetime, cancellation);
        return new ExportLink(links.Of(BlobName(export, attempt)), links.ExpiresOn);
    }

    /// <summary>Opens the file.</summary>
    /// <param name="export">One that is completed.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="Azure.RequestFailedException">404: it has been removed meanwhile.</exception>
    public async Task<Stream> OpenAsync(Export export, CancellationToken cancellation) =>
        (await BlobOf(export, export.FileAttempt!.Value).DownloadStreamingAsync(cancellationToken: cancellation)).Value.Content;

    private BlockBlobClient BlobOf(Export export, int attempt) => container.GetBlockBlobClient(BlobName(export, attempt));

    private static string Folder(ExportKey key) => string.Create(CultureInfo.InvariantCulture, $"{key.Tenant.Number:D8}/{key.Number:D10}/");

    private static string BlobName(Export export, int attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"{Folder(export.Key)}{attempt}.{Extension(export.Format)}");

    private static string Extension(TableFormat format) => format switch
    {
        TableFormat.Csv => "csv",
        TableFormat.Jsonl => "jsonl",
        _ => "xlsx",
    };
}
