namespace System.IO.Hashing;

/// <summary>The base class that Azure.Storage.Common derives its CRC-64 from.</summary>
public abstract class NonCryptographicHashAlgorithm
{
    private const int BufferSize = 64 * 1024;

    /// <summary>A hash of this many bytes.</summary>
    protected NonCryptographicHashAlgorithm(int hashLengthInBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hashLengthInBytes, 1);
        HashLengthInBytes = hashLengthInBytes;
    }

    /// <summary>The hash's length.</summary>
    public int HashLengthInBytes { get; }

    /// <summary>Hashes more bytes.</summary>
    public abstract void Append(ReadOnlySpan<byte> source);

    /// <summary>Hashes a stream to its end.</summary>
    public void Append(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var buffer = new byte[BufferSize];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            Append(buffer.AsSpan(0, read));
        }
    }

    /// <summary>Hashes a stream to its end.</summary>
    public async Task AppendAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var buffer = new byte[BufferSize];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            Append(buffer.AsSpan(0, read));
        }
    }

    /// <summary>Starts over.</summary>
    public abstract void Reset();

    /// <summary>Writes the hash of what was appended so far, changing nothing.</summary>
    protected abstract void GetCurrentHashCore(Span<byte> destination);

    /// <summary>The hash of what was appended so far.</summary>
    public byte[] GetCurrentHash()
    {
        var hash = new byte[HashLengthInBytes];
        GetCurrentHashCore(hash);
        return hash;
    }

    /// <summary>Writes the hash of what was appended so far and says how many bytes that were.</summary>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int GetCurrentHash(Span<byte> destination)
    {
        if (destination.Length < HashLengthInBytes)
        {
            throw new ArgumentException("The destination is shorter than the hash.", nameof(destination));
        }

        GetCurrentHashCore(destination[..HashLengthInBytes]);
        return HashLengthInBytes;
    }
}
