using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Parley.Core;

/// <summary>
/// Random values from the system's generator or, in tests, from a seed, so that a failing run can be repeated.
/// Thread-safe.
/// </summary>
public sealed class RandomSource
{
    private readonly Lock gate = new();
    private readonly Random? seeded;

    /// <summary>Uses the system's cryptographic generator.</summary>
    public RandomSource()
    {
    }

    /// <summary>Returns a reproducible sequence, for tests.</summary>
    public RandomSource(int seed) => seeded = new Random(seed);

    public void Fill(Span<byte> bytes)
    {
        if (seeded is null)
        {
            RandomNumberGenerator.Fill(bytes);
            return;
        }

        lock (gate)
        {
            seeded.NextBytes(bytes);
        }
    }

    /// <summary>A number of 1 to 63 bits: at least 0, below 2^<paramref name="bits"/>.</summary>
    public long NextBits(int bits)
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return (long)(BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> (64 - bits));
    }

    /// <summary>A number of at least 0, below 1.</summary>
    public double NextDouble() => NextBits(53) / (double)(1L << 53);

    /// <summary>Converts sixteen bytes into a version 4 UUID (RFC 9562, section 5.4).</summary>
    public static Guid Version4(Span<byte> bytes)
    {
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>96 random bits that identify a write: its writer recognizes its rows after a lost response.</summary>
    public string NextWriteId()
    {
        Span<byte> bytes = stackalloc byte[12];
        Fill(bytes);
        return Convert.ToBase64String(bytes);
    }
}
