namespace Parley.Spreadsheets;

/// <summary>
/// Counts the bytes written to a stream of the caller. It never flushes or closes that stream, and needs only its
/// WriteAsync. The stream of a zip entry writes its end synchronously, even when it is disposed asynchronously. Those
/// few kilobytes are buffered until the next asynchronous write or flush.
/// </summary>
internal sealed class CountingStream(Stream inner) : Stream
{
    private readonly MemoryStream buffered = new();
    private bool abandoned;

    public long Bytes { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Discards all later writes: an archive writes an end while it is disposed, which would make an incomplete file
    /// look complete.
    /// </summary>
    public void Abandon() => abandoned = true;

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await FlushAsync(cancellationToken);
        if (!abandoned)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            Bytes += buffer.Length;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (!abandoned)
        {
            buffered.Write(buffer, offset, count);
        }
    }

    public override void Flush()
    {
    }

    /// <summary>Writes the buffered bytes; does not flush the caller's stream.</summary>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (buffered.Length > 0 && !abandoned)
        {
            await inner.WriteAsync(buffered.GetBuffer().AsMemory(0, (int)buffered.Length), cancellationToken);
            Bytes += buffered.Length;
            buffered.SetLength(0);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
