using Microsoft.AspNetCore.WebUtilities;

namespace Parley.Operations.Format;

/// <summary>
/// A buffer for lines that may be discarded: up to 1 MiB is kept in memory, more goes to a temporary file.
/// </summary>
internal sealed class SpooledLines : IAsyncDisposable
{
    private const int MemoryBytes = 1 << 20;
    private static readonly byte[] EndOfLine = "\n"u8.ToArray();
    private readonly FileBufferingWriteStream stream = new(MemoryBytes, bufferLimit: null, Path.GetTempPath);

    public int Count { get; private set; }

    public async Task WriteAsync(ReadOnlyMemory<byte> line, CancellationToken cancellation)
    {
        await stream.WriteAsync(line, cancellation);
        await stream.WriteAsync(EndOfLine, cancellation);
        Count++;
    }

    /// <summary>Copies all lines and empties this object.</summary>
    public Task CopyToAsync(Stream destination, CancellationToken cancellation) =>
        stream.DrainBufferAsync(destination, cancellation);

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
