namespace Parley.Assistants.Providers;

/// <summary>A read-only stream that limits the bytes read between two calls of <see cref="Reset"/>.</summary>
/// <param name="inner">The stream to read from. It is not disposed with this one.</param>
/// <param name="maxBytes">The limit.</param>
internal sealed class MeteredStream(Stream inner, int maxBytes) : Stream
{
    private int read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Starts counting from zero again.</summary>
    public void Reset() => read = 0;

    /// <exception cref="AssistantException">More bytes were read than the limit allows.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        read += count;
        return read <= maxBytes
            ? count
            : throw new AssistantException(
                ProviderError.Unavailable, $"An event of the provider is longer than {maxBytes} bytes.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
