using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Unicode;

namespace Parley.Spreadsheets;

/// <summary>
/// Buffers bytes for a stream in one pooled array, which grows only for a row that is larger than the array.
/// </summary>
internal sealed class Utf8Buffer : IBufferWriter<byte>, IDisposable
{
    /// <summary>The length in bytes from which the buffer should be flushed.</summary>
    public const int FlushAt = 64 * 1024;

    // UTF-8 needs at most three bytes for a UTF-16 unit.
    private const int MaxBytesPerUnit = 3;
    private const int MaxNumberBytes = 32;

    private byte[] bytes = ArrayPool<byte>.Shared.Rent(2 * FlushAt);
    private int length;

    public int Length => length;

    /// <summary>The bytes since the last flush, valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, length);

    public bool IsFull => length >= FlushAt;

    public void Write(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(GetSpan(utf8.Length));
        length += utf8.Length;
    }

    public void Write(byte value)
    {
        GetSpan(1)[0] = value;
        length++;
    }

    /// <summary>Half of a surrogate pair becomes U+FFFD, because UTF-8 has no encoding for it.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        var status = Utf8.FromUtf16(text, GetSpan(text.Length * MaxBytesPerUnit), out _, out var written);
        Debug.Assert(status == OperationStatus.Done, "There is room for every text, and all input is final.");
        length += written;
    }

    public void Write(long value)
    {
        value.TryFormat(GetSpan(MaxNumberBytes), out var written);
        length += written;
    }

    public void Write(double value)
    {
        value.TryFormat(GetSpan(MaxNumberBytes), out var written, default, CultureInfo.InvariantCulture);
        length += written;
    }

    /// <summary>Writes the four hexadecimal digits of a UTF-16 unit.</summary>
    public void WriteHex(char unit)
    {
        ((ushort)unit).TryFormat(GetSpan(MaxNumberBytes), out var written, "X4", CultureInfo.InvariantCulture);
        length += written;
    }

    /// <summary>Writes ISO 8601 in UTC with milliseconds: 2026-01-31T08:00:00.123Z.</summary>
    public void Write(DateTimeOffset value)
    {
        const int UntilMilliseconds = 23;
        value.UtcDateTime.TryFormat(GetSpan(MaxNumberBytes), out _, "O", CultureInfo.InvariantCulture);
        length += UntilMilliseconds;
        Write((byte)'Z');
    }

    public async ValueTask FlushAsync(Stream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync(bytes.AsMemory(0, length), cancellation);
        length = 0;
    }

    public void Clear() => length = 0;

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsSpan(length);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = [];
        length = 0;
    }

    private void Reserve(int count)
    {
        // IBufferWriter: for the size hint 0, the memory must not be empty.
        if (bytes.Length - length >= Math.Max(count, 1))
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * bytes.Length, length + Math.Max(count, 1)));
        bytes.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}
