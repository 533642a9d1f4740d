using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>
/// Stores files of conversations, each as a blob in a private container. A file is uploaded first and committed when
/// its message is accepted, so a rejected message leaves no readable file. Storage deletes uncommitted blocks after a
/// week.
/// </summary>
public sealed class FileStore(BlobServiceClient service, TimeProvider time, RandomSource random)
    : IStorageResource, IDisposable
{
    public const string ContainerName = "files";

    /// <summary>The largest file, in bytes: 50 MiB (docs/api.md).</summary>
    public const long MaxBytes = 50 * 1024 * 1024;

    /// <summary>
    /// Bytes of a block, and therefore of memory per upload. A blob may have 50,000 blocks of up to 4,000 MiB; the
    /// largest file needs 13.
    /// </summary>
    public const int BlockBytes = 4 * 1024 * 1024;

    public static readonly TimeSpan LinkLifetime = TimeSpan.FromHours(1);

    private readonly BlobContainerClient container = service.GetBlobContainerClient(ContainerName);
    private readonly DelegationKeys keys = new(service, time);

    /// <summary>Creates the container. Only signed links and this app can read it.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        container.CreateIfNotExistsAsync(PublicAccessType.None, cancellationToken: cancellation);

    /// <summary>
    /// Stores a stream block by block, in constant memory. The file cannot be read before <see cref="CommitAsync"/>.
    /// </summary>
    /// <param name="content">Read to its end unless it is too long; not disposed.</param>
    /// <param name="name">The file's name, as the client sent it.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.BodyTooLarge"/>: the stream has more than <see cref="MaxBytes"/>; at most one byte more is
    /// read. <see cref="ErrorCode.InvalidFields"/>: <c>file</c> has no bytes.
    /// </exception>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    public Task<UploadedFile> UploadAsync(
        ConversationKey conversation, Stream content, string name, CancellationToken cancellation) =>
        UploadAsAsync(conversation, content, name, NewId(), cancellation);

    /// <summary>
    /// As above, under an id. Of several uploads under one id, each has blocks of its own.
    /// </summary>
    internal async Task<UploadedFile> UploadAsAsync(
        ConversationKey conversation, Stream content, string name, Guid id, CancellationToken cancellation)
    {
        var blob = BlobOf(conversation, id);
        var writer = random.NextWriteId();
        var (type, size, blocks) = (FileType.Unknown, 0L, new List<string>());
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        int read;
        do
        {
            // One byte more than the limit distinguishes a file that is too large from the largest file.
            var wanted = (int)Math.Min(BlockBytes, MaxBytes - size + 1);
            read = await content.ReadAtLeastAsync(
                buffer.AsMemory(0, wanted), wanted, throwOnEndOfStream: false, cancellation);
            type = size == 0 ? FileType.Of(buffer.AsSpan(0, read)) : type;
            size += read;
            if (size > MaxBytes)
            {
                throw ErrorCode.BodyTooLarge.With($"A file takes at most {MaxBytes / (1024 * 1024)} MiB.");
            }

            if (read > 0)
            {
                hash.AppendData(buffer, 0, read);
                blocks.Add(BlockWriter.BlockId(writer, blocks.Count));
                using var block = new MemoryStream(buffer, 0, read, writable: false);
                await blob.StageBlockAsync(blocks[^1], block, options: null, cancellationToken: cancellation);
            }
        }
        while (read == BlockBytes);

        // Not in a finally block: after a failure, an abandoned request or read may still use the buffer, and it must
        // not get the bytes of another upload.
        ArrayPool<byte>.Shared.Return(buffer);
        return size == 0
            ? throw ParleyException.Field("file", "Must not be empty.")
            : new UploadedFile(
                new StoredFile(id, FileName.Clean(name), type.Type, type.MimeType, size),
                Convert.ToHexStringLower(hash.GetHashAndReset()),
                blocks);
    }

    /// <summary>
    /// Makes an uploaded file readable, only through its links. The call may be repeated, also after a lost response. A
    /// file of unknown type is served as a download: a browser must not guess its type and execute it. So is a file
    /// whose name belongs to another type; see <see cref="FileDisposition"/>.
    /// </summary>
    /// <param name="conversation">The conversation that the file was uploaded for.</param>
    /// <param name="uploaded">From <see cref="UploadAsync"/>, within a week.</param>
    /// <param name="cancellation">Ends the call; the file may be committed nevertheless.</param>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    public Task CommitAsync(ConversationKey conversation, UploadedFile uploaded, CancellationToken cancellation) =>
        CommitBlocksAsync(conversation, uploaded, new CommitBlockListOptions(), cancellation);

    /// <summary>As above, with metadata, unless there is a file with its id.</summary>
    /// <returns>False when there is one.</returns>
    internal async Task<bool> TryCommitAsync(
        ConversationKey conversation,
        UploadedFile uploaded,
        Dictionary<string, string> metadata,
        CancellationToken cancellation)
    {
        var options = new CommitBlockListOptions
        {
            Metadata = metadata,
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
        };
        try
        {
            await CommitBlocksAsync(conversation, uploaded, options, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            return false;
        }
    }

    private async Task CommitBlocksAsync(
        ConversationKey conversation,
        UploadedFile uploaded,
        CommitBlockListOptions options,
        CancellationToken cancellation)
    {
        var file = uploaded.File;
        options.HttpHeaders = new BlobHttpHeaders
        {
            ContentType = file.MimeType,
            ContentDisposition = FileDisposition.Of(file),

            // The lifetime of a link. Not in shared caches, because other users have access to those.
            CacheControl = "private, max-age=3600",
        };
        await BlobOf(conversation, file.Id).CommitBlockListAsync(uploaded.BlockIds, options, cancellation);
    }

    /// <summary>The properties of a file, with its metadata; null when there is none.</summary>
    internal async Task<BlobProperties?> PropertiesOfAsync(
        ConversationKey conversation, Guid id, CancellationToken cancellation)
    {
        try
        {
            return (await BlobOf(conversation, id).GetPropertiesAsync(cancellationToken: cancellation)).Value;
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            return null;
        }
    }

    internal Task SetMetadataAsync(
        ConversationKey conversation, Guid id, Dictionary<string, string> metadata, CancellationToken cancellation) =>
        BlobOf(conversation, id).SetMetadataAsync(metadata, cancellationToken: cancellation);

    /// <summary>Copies a file within storage, with one call. It keeps its headers.</summary>
    /// <returns>False when the file does not exist.</returns>
    internal async Task<bool> CopyAsync(
        ConversationKey from, StoredFile file, ConversationKey to, Guid id, CancellationToken cancellation)
    {
        var source = (await LinksAsync(cancellation)).Of(from, file);
        try
        {
            await BlobOf(to, id).SyncCopyFromUriAsync(source, cancellationToken: cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            return false;
        }
    }

    /// <summary>
    /// Reads at most <paramref name="maxBytes"/> from the start of a file. Returns null when the file no longer exists.
    /// </summary>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    internal async Task<byte[]?> ReadStartAsync(
        ConversationKey conversation, Guid id, int maxBytes, CancellationToken cancellation)
    {
        try
        {
            // For a range beyond the end, storage returns the bytes that exist ("Specifying the range header for Blob
            // service operations").
            var options = new BlobDownloadOptions { Range = new HttpRange(0, maxBytes) };
            using var start = (await BlobOf(conversation, id).DownloadStreamingAsync(options, cancellation)).Value;
            using var bytes = new MemoryStream();
            await start.Content.CopyToAsync(bytes, cancellation);
            return bytes.ToArray();
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            return null;
        }
    }

    /// <summary>
    /// Deletes a file, which ends its links. A file that does not exist or is not committed is no error.
    /// </summary>
    /// <param name="cancellation">Ends the call; the file may be deleted nevertheless.</param>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    public Task DeleteAsync(ConversationKey conversation, Guid id, CancellationToken cancellation) =>
        BlobOf(conversation, id).DeleteIfExistsAsync(
            DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);

    /// <summary>
    /// Creates a factory of links that last for <see cref="LinkLifetime"/>. Links are signed with the account's key
    /// when the connection has one, else with a key of the app's identity, which is requested every few hours. No other
    /// call costs a storage call.
    /// </summary>
    /// <exception cref="Azure.RequestFailedException">
    /// The key of the identity is not available; see <see cref="DelegationKeys.GetAsync"/>.
    /// </exception>
    public ValueTask<FileLinks> LinksAsync(CancellationToken cancellation) =>
        keys.LinksAsync(container, LinkLifetime, cancellation);

    /// <inheritdoc/>
    public void Dispose() => keys.Dispose();

    /// <summary>
    /// The name of a file's blob: <c>T/C/id</c>, with zero-padded numbers as in keys, so that the files of a tenant and
    /// the files of a conversation share a prefix.
    /// </summary>
    internal static string BlobName(ConversationKey conversation, Guid id) =>
        string.Create(
            CultureInfo.InvariantCulture, $"{conversation.Tenant.Number:D8}/{conversation.Number:D10}/{id:N}");

    private BlockBlobClient BlobOf(ConversationKey conversation, Guid id) =>
        container.GetBlockBlobClient(BlobName(conversation, id));

    internal Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        return RandomSource.Version4(bytes);
    }
}
