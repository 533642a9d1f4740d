namespace Parley.Functions.Api.Responses;

/// <summary>
/// A response's body that does not wait for ever for its reader: a client that stops reading, but keeps its connection,
/// would keep the handler, its files and its slots.
/// </summary>
/// <remarks>
/// The web server's own minimum is 240 bytes a second (KestrelServerLimits.MinResponseDataRate). It grants a large
/// write minutes, and it does not apply to a flush that waits for a full connection of HTTP/2.
/// </remarks>
/// <param name="inner">The body that writes to the connection.</param>
/// <param name="abort">Cuts the connection off.</param>
/// <param name="time">Measures the waits.</param>
internal sealed class BoundedResponseBody(Stream inner, Action abort, TimeProvider time) : Stream
{
    /// <summary>The time for which one part of the body may wait.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Larger writes are divided, so that the slowest reader is the same for all: about 1 KB a second.
    /// </summary>
    private const int PartBytes = 64 * 1024;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="ReaderStalledException">The client reads no more.</exception>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (var rest = buffer; !rest.IsEmpty;)
        {
            var part = rest[..Math.Min(rest.Length, PartBytes)];
            await WithinAsync(token => inner.WriteAsync(part, token), cancellationToken);
            rest = rest[part.Length..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <exception cref="ReaderStalledException">The client reads no more.</exception>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        WithinAsync(token => new ValueTask(inner.FlushAsync(token)), cancellationToken);

    public override void Flush() => throw new NotSupportedException("Responses are written asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Responses are written asynchronously.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task WithinAsync(Func<CancellationToken, ValueTask> write, CancellationToken cancellation)
    {
        using var stalled = new CancellationTokenSource(MaxWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stalled.Token);
        try
        {
            await write(either.Token);
        }
        catch (OperationCanceledException) when (stalled.IsCancellationRequested
            && !cancellation.IsCancellationRequested)
        {
            // The client must not take what it has read for the whole response.
            abort();
            throw new ReaderStalledException();
        }
    }
}
