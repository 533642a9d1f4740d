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
/// The files of exports, in a private container. All attempts at a csv or jsonl file share the blob <c>T/E/0.ext</c>
/// (tenant, export), because a later one goes on where an earlier one was cut off (<see cref="ExportBlob"/>). Each
/// attempt at a workbook has its own blob, <c>T/E/attempt.ext</c>. So has, in every format, an attempt of versions up
/// to 0.2.0. The export's row contains the attempt whose blob is the file.
/// </summary>
public sealed class ExportFiles(BlobServiceClient service, TimeProvider time) : IStorageResource, IDisposable
{
    public const string ContainerName = "exports";

    /// <summary>The number in the name of the blob that all attempts share.</summary>
    public const int SharedBlob = 0;

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
        $"attachment; filename=\"{Name(export)}_{export.Key.Number}.{Extension(export.Format)}\"");

    private static string Name(Export export) => export.Chatbot is null ? "chat_messages" : "chatbot_records";

    /// <inheritdoc/>
    public void Dispose() => keys.Dispose();

    /// <summary>Opens the blob of the attempt that has the export's lease.</summary>
    /// <param name="beforeBlock">Runs before each block is sent; it ends the writing by throwing.</param>
    internal async Task<ExportBlob> OpenAsync(Export export, Action beforeBlock, CancellationToken cancellation)
    {
        var attempt = AttemptOfBlob(export);
        var blob = BlobOf(export, attempt);
        var headers = new BlobHttpHeaders
        {
            ContentType = MediaType(export.Format),
            ContentDisposition = Disposition(export),
            CacheControl = "private, max-age=3600",
        };
        return attempt == SharedBlob
            ? await ExportBlob.OpenSharedAsync(blob, headers, export, BlockBytes, beforeBlock, cancellation)
            : ExportBlob.OpenOwn(blob, headers, BlockBytes, beforeBlock);
    }

    /// <summary>The number in the name of the blob of the attempt that has the export's lease.</summary>
    internal static int AttemptOfBlob(Export export) =>
        export.Format == TableFormat.Xlsx ? export.AttemptsStarted : SharedBlob;

    /// <summary>
    /// Deletes the blob of an attempt that did not complete the export. One that is or can become the file stays.
    /// </summary>
    /// <param name="export">The export as it is now.</param>
    /// <param name="attempt">The number in the name of the attempt's blob.</param>
    internal Task DeleteAbandonedAsync(Export export, int attempt, CancellationToken cancellation) =>
        attempt == export.FileAttempt || (attempt == SharedBlob && export.IsUnfinished)
            ? Task.CompletedTask
            : BlobOf(export, attempt)
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
