namespace Parley.Spreadsheets;

/// <summary>
/// Counts what goes to a stream that is somebody else's: never flushes or closes it, and needs nothing of it but WriteAsync. A zip entry's
/// stream writes its end synchronously, also when it is disposed asynchronously; that, some kilobytes, is kept for the next asynchronous write or flush.
/// </summary>
internal sealed class CountingStream(Stream inner) : Stream
{
    private readonly MemoryStream kept = new();
    private bool abandoned;

    public long Bytes { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>From now on, what is written goes nowhere: what an archive still writes while it is disposed must not look like a file's end.</summary>
    public void Abandon() => abandoned = true;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
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
            kept.Write(buffer, offset, count);
        }
    }

    public override void Flush()
    {
    }

    /// <summary>Writes what is kept; does not flush the other stream.</summary>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (kept.Length > 0 && !abandoned)
        {
            await inner.WriteAsync(kept.GetBuffer().AsMemory(0, (int)kept.Length), cancellationToken);
            Bytes += kept.Length;
            kept.SetLength(0);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
