using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;

namespace Parley.Files;

/// <summary>
/// Writes a blob forward-only in constant memory: one block is sent while the next one is filled. The data cannot be
/// read before the blocks are committed. Storage deletes uncommitted blocks after a week.
/// </summary>
/// <param name="blob">The blob to stage blocks for.</param>
/// <param name="blockBytes">
/// Bytes of a block; a blob has at most 50,000 blocks ("Put Block", Blob service REST reference).
/// </param>
/// <param name="beforeBlock">Called before each block is sent; an exception from it ends the writing.</param>
/// <param name="start">
/// The blocks and the digest that earlier writers of the blob left. Null for a blob that has no other writer: two such
/// writers of one blob would stage blocks under the same ids.
/// </param>
internal sealed class BlockWriter(
    BlockBlobClient blob, int blockBytes, Action beforeBlock, BlockStart? start = null) : Stream
{
    private readonly IncrementalHash? hash =
        start is null ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;

    private readonly ResumableSha256 digest = start?.Digest ?? new ResumableSha256();
    private readonly List<string> blockIds = [.. start?.BlockIds ?? []];
    private byte[] filling = new byte[blockBytes];
    private byte[] sent = new byte[blockBytes];
    private int filled;
    private Task sending = Task.CompletedTask;

    public IReadOnlyList<string> BlockIds => blockIds;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The id of a block, counted from 0. All ids of a blob must be Base64 of the same length.</summary>
    public static string BlockId(int index) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(index.ToString("D6", CultureInfo.InvariantCulture)));

    /// <summary>
    /// The id of a block of one of several writers of a blob. A late block of one of them replaces no block of another.
    /// </summary>
    /// <param name="writer">Identifies the writer; as long as the others' of the blob.</param>
    public static string BlockId(string writer, int index) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(writer + index.ToString("D6", CultureInfo.InvariantCulture)));

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, filling.Length - filled)];
            part.CopyTo(filling.AsMemory(filled));
            filled += part.Length;
            buffer = buffer[part.Length..];
            if (filled == filling.Length)
            {
                await SendAsync(cancellationToken);
            }
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Sends the last block, and waits until all blocks are stored.</summary>
    /// <returns>SHA-256 of all bytes: 64 lower-case hexadecimal digits.</returns>
    public async Task<string> CompleteAsync(CancellationToken cancellation)
    {
        await SendRestAsync(cancellation);
        return hash is null ? digest.HexDigest() : Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// Sends what is left as a block of its own, and waits until all blocks are stored, so that another writer can go
    /// on behind them. Only for a blob with several writers.
    /// </summary>
    /// <returns>The state of the digest (<see cref="ResumableSha256.Export"/>).</returns>
    public async Task<byte[]> CheckpointAsync(CancellationToken cancellation)
    {
        await SendRestAsync(cancellation);
        return digest.Export();
    }

    /// <summary>Waits only for the block that is being sent.</summary>
    public override async ValueTask DisposeAsync()
    {
        await sending.ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        hash?.Dispose();
        await base.DisposeAsync();
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task SendRestAsync(CancellationToken cancellation)
    {
        if (filled > 0)
        {
            await SendAsync(cancellation);
        }

        await sending;
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        await sending;
        beforeBlock();
        (filling, sent) = (sent, filling);
        var length = filled;
        filled = 0;
        if (hash is null)
        {
            digest.Append(sent.AsSpan(0, length));
        }
        else
        {
            hash.AppendData(sent, 0, length);
        }

        blockIds.Add(start is null ? BlockId(blockIds.Count) : BlockId(start.Writer, blockIds.Count));
        sending = StageAsync(blockIds[^1], length, cancellation);
    }

    private async Task StageAsync(string id, int length, CancellationToken cancellation)
    {
        using var block = new MemoryStream(sent, 0, length, writable: false);
        await blob.StageBlockAsync(id, block, options: null, cancellationToken: cancellation);
    }
}

/// <summary>Where a writer of a blob that has several goes on.</summary>
/// <param name="Writer">Identifies this writer: ASCII, as long as the others' of the blob, and used by no other.</param>
/// <param name="BlockIds">The stored blocks before those of this writer.</param>
/// <param name="Digest">The digest of their bytes.</param>
internal sealed record BlockStart(string Writer, IReadOnlyList<string> BlockIds, ResumableSha256 Digest);
