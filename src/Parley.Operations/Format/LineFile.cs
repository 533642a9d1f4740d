using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Operations.Format;

/// <summary>A gzip file of lines, written once from its beginning to its end.</summary>
internal sealed class LineFile : IAsyncDisposable
{
    private const int BufferBytes = 1 << 16;
    private static readonly byte[] EndOfLine = "\n"u8.ToArray();
    private readonly FileStream file;
    private readonly GZipStream stream;

    private LineFile(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = BufferBytes,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
        {
            // Rows contain secrets, and other users may have access to an existing folder.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        file = new FileStream(path, options);
        stream = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);
    }

    /// <summary>Number of lines written so far.</summary>
    public long Lines { get; private set; }

    public static LineFile Create(string path) => new(path);

    public async Task WriteAsync(ReadOnlyMemory<byte> line, CancellationToken cancellation)
    {
        await stream.WriteAsync(line, cancellation);
        await stream.WriteAsync(EndOfLine, cancellation);
        Lines++;
    }

    /// <summary>Appends lines that already end in line feeds.</summary>
    public async Task WriteAllAsync(SpooledLines lines, CancellationToken cancellation)
    {
        await lines.CopyToAsync(stream, cancellation);
        Lines += lines.Count;
    }

    /// <summary>
    /// Flushes the file to the disk, so that after a power failure no manifest exists without the rows that it lists.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await using (file)
        {
            await stream.DisposeAsync();
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>Reads and parses every line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parse">Throws a <see cref="FormatException"/> for a malformed line.</param>
    /// <exception cref="OperationException">
    /// The file or a line is malformed; the message contains the line number.
    /// </exception>
    public static async IAsyncEnumerable<T> ReadAsync<T>(
        string path, Func<string, T> parse, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var compressed = OpenRead(path);
        await using var lines = new GZipStream(compressed, CompressionMode.Decompress);
        using var reader = new StreamReader(lines, Encoding.UTF8);
        for (var number = 1L; ; number++)
        {
            T parsed;
            try
            {
                if (await reader.ReadLineAsync(cancellation) is not { } line)
                {
                    yield break;
                }

                parsed = parse(line);
            }
            catch (Exception e) when (e is FormatException or InvalidDataException)
            {
                throw new OperationException(
                    $"{path}, line {number}, cannot be read: {e.Message} Use another back-up.",
                    e);
            }

            yield return parsed;
        }
    }

    /// <summary>SHA-256 of the compressed file, in lower-case hexadecimal.</summary>
    public static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using var content = OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellation));
    }

    private static FileStream OpenRead(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, useAsync: true);
}
