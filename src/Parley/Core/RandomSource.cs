using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Parley.Core;

/// <summary>Where randomness comes from: the system's generator, or a seed in tests, so that a failing run can be played again.</summary>
public sealed class RandomSource
{
    private readonly Lock gate = new();
    private readonly Random? seeded;

    /// <summary>The system's cryptographic generator.</summary>
    public RandomSource()
    {
    }

    /// <summary>A reproducible sequence, for tests.</summary>
    public RandomSource(int seed) => seeded = new Random(seed);

    /// <summary>Fills with random bytes.</summary>
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

    /// <summary>A number from 0 up to, not including, 2^<paramref name="bits"/>.</summary>
    public long NextBits(int bits)
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return (long)(BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> (64 - bits));
    }

    /// <summary>A number from 0 up to, not including, 1.</summary>
    public double NextDouble() => NextBits(53) / (double)(1L << 53);

    /// <summary>Sixteen bytes in the form of a version 4 UUID (RFC 9562, section 5.4).</summary>
    public static Guid Version4(Span<byte> bytes)
    {
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Names one attempt to write, so that its writer recognizes it after a lost answer: 96 random bits.</summary>
    public string NextWriteId()
    {
        Span<byte> bytes = stackalloc byte[12];
        Fill(bytes);
        return Convert.ToBase64String(bytes);
    }
}
