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
/// <param name="Url">Permits reading this one blob and nothing else. It works without an API key.</param>
public sealed record ExportLink(Uri Url, DateTimeOffset ExpiresAt);

/// <summary>
/// The files of exports, in a private container. Each attempt has its own blob, <c>T/E/attempt.ext</c> (tenant,
/// export), so that no two attempts share one. The export's row contains the attempt whose blob is the file.
/// </summary>
public sealed class ExportFiles(BlobServiceClient service, TimeProvider time) : IStorageResource, IDisposable
{
    public const string ContainerName = "exports";

    public static readonly TimeSpan LinkLifetime = TimeSpan.FromHours(1);

    private readonly BlobContainerClient container = service.GetBlobContainerClient(ContainerName);
    private readonly DelegationKeys keys = new(service, time);

    /// <summary>
    /// Bytes of a block: 4 MiB, except in tests. A blob has at most 50,000 blocks, so a file at most 195 GiB.
    /// </summary>
    internal int BlockBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Creates the container without public access: only signed links and this app read it.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        container.CreateIfNotExistsAsync(PublicAccessType.None, cancellationToken: cancellation);

    public static string MediaType(TableFormat format) => format switch
    {
        TableFormat.Csv => "text/csv; charset=utf-8",
        TableFormat.Jsonl => "application/jsonl",
        _ => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };

    /// <summary>The Content-Disposition header, with the name under which a browser saves the file.</summary>
    public static string Disposition(Export export) => string.Create(
        CultureInfo.InvariantCulture,
        $"attachment; filename=\"chat_messages_{export.Key.Number}.{Extension(export.Format)}\"");

    /// <inheritdoc/>
    public void Dispose() => keys.Dispose();

    /// <summary>Opens an attempt's blob for writing.</summary>
    /// <param name="beforeBlock">Runs before each block is sent; it ends the writing by throwing.</param>
    internal BlockWriter Write(Export export, int attempt, Action beforeBlock) =>
        new(BlobOf(export, attempt), BlockBytes, beforeBlock);

    /// <summary>Makes an attempt's blob readable. It may be repeated, also after a lost response.</summary>
    internal Task CommitAsync(
        Export export, int attempt, IEnumerable<string> blockIds, CancellationToken cancellation) =>
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

    /// <summary>Deletes an attempt's blob. A missing blob is no error.</summary>
    internal Task DeleteAttemptAsync(Export export, int attempt, CancellationToken cancellation) =>
        BlobOf(export, attempt)
            .DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);

    /// <summary>Deletes the blobs of an ended export, except its file if the export is completed.</summary>
    internal async Task DeleteRestAsync(Export export, CancellationToken cancellation)
    {
        var file = export is { Status: ExportStatus.Completed, FileAttempt: { } attempt }
            ? BlobName(export, attempt)
            : null;
        var blobs = container.GetBlobsAsync(BlobTraits.None, BlobStates.None, Folder(export.Key), cancellation);
        await foreach (var blob in blobs)
        {
            if (blob.Name != file)
            {
                await container.GetBlobClient(blob.Name)
                    .DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);
            }
        }
    }

    /// <summary>Returns a link for the next <see cref="LinkLifetime"/>; null when the export has no file.</summary>
    /// <exception cref="Azure.RequestFailedException">The key that signs the link could not be obtained.</exception>
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
    /// <param name="export">A completed export.</param>
    /// <exception cref="Azure.RequestFailedException">404: the file was removed in the meantime.</exception>
    public async Task<Stream> OpenAsync(Export export, CancellationToken cancellation)
    {
        var blob = BlobOf(export, export.FileAttempt!.Value);
        return (await blob.DownloadStreamingAsync(cancellationToken: cancellation)).Value.Content;
    }

    private BlockBlobClient BlobOf(Export export, int attempt) =>
        container.GetBlockBlobClient(BlobName(export, attempt));

    private static string Folder(ExportKey key) =>
        string.Create(CultureInfo.InvariantCulture, $"{key.Tenant.Number:D8}/{key.Number:D10}/");

    private static string BlobName(Export export, int attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"{Folder(export.Key)}{attempt}.{Extension(export.Format)}");

    private static string Extension(TableFormat format) => format switch
    {
        TableFormat.Csv => "csv",
        TableFormat.Jsonl => "jsonl",
        _ => "xlsx",
    };
}
