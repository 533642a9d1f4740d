namespace Parley.Testing;

/// <summary>
/// A stream of <paramref name="length"/> bytes, generated as they are read and never held in memory. One read returns
/// at most 10,007 bytes, because a network also returns partial reads.
/// </summary>
public sealed class GeneratedStream(long length) : Stream
{
    /// <summary>The number of bytes read so far.</summary>
    public long Taken { get; private set; }

    /// <summary>The byte at an offset.</summary>
    public static byte At(long place) => (byte)(place * 31 >> 8);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(Math.Min(buffer.Length, 10_007), length - Taken);
        for (var i = 0; i < count; i++)
        {
            buffer[i] = At(Taken + i);
        }

        Taken += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
