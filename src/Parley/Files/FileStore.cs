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
/// Files of conversations: one blob each, in a private container. A file is uploaded first and committed when the message that brings
/// it is decided on, so that a refused message leaves nothing to read; storage drops blocks that nobody commits after a week.
/// </summary>
public sealed class FileStore(BlobServiceClient service, TimeProvider time, RandomSource random) : IStorageResource, IDisposable
{
    /// <summary>The container of all files.</summary>
    public const string ContainerName = "files";

    /// <summary>The largest file, in bytes: 50 MiB (docs/api.md).</summary>
    public const long MaxBytes = 50 * 1024 * 1024;

    /// <summary>Bytes of a block, and so of memory per upload. A blob may have 50,000 blocks of up to 4,000 MiB; the largest file needs 13.</summary>
    public const int BlockBytes = 4 * 1024 * 1024;

    /// <summary>How long a link reads its file.</summary>
    public static readonly TimeSpan LinkLifetime = TimeSpan.FromHours(1);

    private readonly BlobContainerClient container = service.GetBlobContainerClient(ContainerName);
    private readonly DelegationKeys keys = new(service, time);

    /// <summary>Creates the container, unless it is there; only signed links and this app read it.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        container.CreateIfNotExistsAsync(PublicAccessType.None, cancellationToken: cancellation);

    /// <summary>Stores a stream block by block, in flat memory. Nobody can read it before <see cref="CommitAsync"/>.</summary>
    /// <param name="conversation">The conversation that the file will belong to.</param>
    /// <param name="content">Read to its end, unless it is too long; not disposed.</param>
    /// <param name="name">The client's name for it, as sent.</param>
    /// <param name="cancellation">Ends the upload.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.BodyTooLarge"/>: more than <see cref="MaxBytes"/>, of which at most one more is read.
    /// <see cref="ErrorCode.InvalidFields"/>: <c>file</c> has no bytes.
    /// </exception>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    public async Task<UploadedFile> UploadAsync(ConversationKey conversation, Stream content, string name, CancellationToken cancellation)
    {
        var id = NewId();
        var blob = BlobOf(conversation, id);
        var (type, size, blocks) = (FileType.Unknown, 0L, new List<string>());
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        int read;
        do
        {
            // One byte more than allowed tells a file that is too large from the largest.
            var wanted = (int)Math.Min(BlockBytes, MaxBytes - size + 1);
            read = await content.ReadAtLeastAsync(buffer.AsMemory(0, wanted), wanted, throwOnEndOfStream: false, cancellation);
            type = size == 0 ? FileType.Of(buffer.AsSpan(0, read)) : type;
            size += read;
            if (size > MaxBytes)
            {
                throw ErrorCode.BodyTooLarge.With($"A file takes at most {MaxBytes / (1024 * 1024)} MiB.");
            }

            if (read > 0)
            {
                hash.AppendData(buffer, 0, read);
                blocks.Add(BlockWriter.BlockId(blocks.Count));
                using var block = new MemoryStream(buffer, 0, read, writable: false);
                await blob.StageBlockAsync(blocks[^1], block, options: null, cancellationToken: cancellation);
            }
        }
        while (read == BlockBytes);

        // Only here: after a failure, a request or a read that was given up may still use it, and it must not see another upload's bytes.
        ArrayPool<byte>.Shared.Return(buffer);
        return size == 0
            ? throw ParleyException.Field("file", "Must not be empty.")
            : new UploadedFile(new StoredFile(id, FileName.Clean(name), type.Type, type.MimeType, size), Convert.ToHexStringLower(hash.GetHashAndReset()), blocks);
    }

    /// <summary>
    /// Makes an uploaded file readable, by its links alone. May be repeated, also after a lost answer. A file without a type of its own
    /// is served as a download: a browser must not guess what it is and run it.
    /// </summary>
    /// <param name="conversation">The one that it was uploaded for.</param>
    /// <param name="uploaded">From <see cref="UploadAsync"/>, within a week.</param>
    /// <param name="cancellation">Ends the call; the file may be committed all the same.</param>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    public Task CommitAsync(ConversationKey conversation, UploadedFile uploaded, CancellationToken cancellation)
    {
        var file = uploaded.File;
        var disposition = file.MimeType == FileType.Unknown.MimeType ? "attachment" : "inline";
        var headers = new BlobHttpHeaders
        {
            ContentType = file.MimeType,
            ContentDisposition = FileName.ContentDisposition(disposition, file.Name),
            // As long as a link lives, and in no cache that others share.
            CacheControl = "private, max-age=3600",
        };
        return BlobOf(conversation, file.Id).CommitBlockListAsync(
            uploaded.BlockIds, new CommitBlockListOptions { HttpHeaders = headers }, cancellationToken: cancellation);
    }

    /// <summary>The first bytes of a file, at most so many; null when it is not there any more.</summary>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    internal async Task<byte[]?> ReadStartAsync(ConversationKey conversation, Guid id, int maxBytes, CancellationToken cancellation)
    {
        try
        {
            // A range past the end is answered with what there is ("Specifying the range header for Blob service operations").
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

    /// <summary>Deletes a file, its links with it; one that is not there, or not committed, is no error.</summary>
    /// <param name="conversation">The conversation that it belongs to.</param>
    /// <param name="id">The file.</param>
    /// <param name="cancellation">Ends the call; the file may be deleted all the same.</param>
    /// <exception cref="Azure.RequestFailedException">Storage failed; see <see cref="StorageErrors"/>.</exception>
    public Task DeleteAsync(ConversationKey conversation, Guid id, CancellationToken cancellation) =>
        BlobOf(conversation, id).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);

    /// <summary>
    /// What makes links for the next <see cref="LinkLifetime"/>. Signed with the account's key where the connection has one, else with a
    /// key of the app's identity, which is asked for every few hours; any other call costs no storage call.
    /// </summary>
    /// <exception cref="Azure.RequestFailedException">That key cannot be had; see <see cref="DelegationKeys.GetAsync"/>.</exception>
    public ValueTask<FileLinks> LinksAsync(CancellationToken cancellation) => keys.LinksAsync(container, LinkLifetime, cancellation);

    /// <inheritdoc/>
    public void Dispose() => keys.Dispose();

    /// <summary>The blob of a file: <c>T/C/id</c>, zero-padded as keys are, so that a tenant's and a conversation's files have one prefix.</summary>
    internal static string BlobName(ConversationKey conversation, Guid id) =>
        string.Create(CultureInfo.InvariantCulture, $"{conversation.Tenant.Number:D8}/{conversation.Number:D10}/{id:N}");

    private BlockBlobClient BlobOf(ConversationKey conversation, Guid id) => container.GetBlockBlobClient(BlobName(conversation, id));

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        return RandomSource.Version4(bytes);
    }
}
