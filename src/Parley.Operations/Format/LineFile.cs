using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Operations.Format;

/// <summary>A gzip file of lines, written once from its beginning to its end.</summary>
internal sealed class LineFile : IAsyncDisposable
{
    private static readonly byte[] EndOfLine = "\n"u8.ToArray();
    private readonly GZipStream stream;

    private LineFile(string path) => stream = new GZipStream(
        new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true), CompressionLevel.Fastest);

    /// <summary>Lines written so far.</summary>
    public long Lines { get; private set; }

    public static LineFile Create(string path) => new(path);

    public async Task WriteAsync(ReadOnlyMemory<byte> line, CancellationToken cancellation)
    {
        await stream.WriteAsync(line, cancellation);
        await stream.WriteAsync(EndOfLine, cancellation);
        Lines++;
    }

    /// <summary>Appends lines that are complete with their ends.</summary>
    public async Task WriteAllAsync(SpooledLines lines, CancellationToken cancellation)
    {
        await lines.CopyToAsync(stream, cancellation);
        Lines += lines.Count;
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    public static async IAsyncEnumerable<string> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        await using var lines = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(lines, Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>SHA-256 of the file as it lies on the disk, in hexadecimal.</summary>
    public static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }
}
