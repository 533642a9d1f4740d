using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Core;

/// <summary>
/// SHA-256 (FIPS 180-4) whose state can be exported and restored, so that another process goes on with a hash. The
/// classes of the framework keep their state to themselves. About as fast as portable code can be; where no state is
/// needed, the framework's, which may use the processor's instructions, is faster.
/// </summary>
internal sealed class ResumableSha256
{
    /// <summary>The bytes that are hashed at once.</summary>
    private const int BlockBytes = 64;

    private const int Words = 8;
    private const int Rounds = 64;

    /// <summary>The bytes of an exported state without the pending bytes: the words, and the length so far.</summary>
    private const int FixedBytes = (Words * sizeof(uint)) + sizeof(long);

    /// <summary>Section 4.2.2: the cube roots' fractions of the first 64 primes.</summary>
    private static readonly uint[] Constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    // Section 5.3.3: the square roots' fractions of the first eight primes.
    private readonly uint[] state =
    [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ];

    private readonly byte[] pending = new byte[BlockBytes];
    private long length;

    private int Pending => (int)(length % BlockBytes);

    /// <summary>Restores a state from <see cref="Export"/>.</summary>
    /// <exception cref="FormatException">The bytes are no exported state.</exception>
    public static ResumableSha256 Restore(ReadOnlySpan<byte> exported)
    {
        var restored = new ResumableSha256();
        if (exported.Length >= FixedBytes)
        {
            for (var i = 0; i < Words; i++)
            {
                restored.state[i] = BinaryPrimitives.ReadUInt32BigEndian(exported[(i * sizeof(uint))..]);
            }

            restored.length = BinaryPrimitives.ReadInt64BigEndian(exported[(Words * sizeof(uint))..]);
        }

        if (exported.Length < FixedBytes
            || restored.length < 0
            || exported.Length != FixedBytes + restored.Pending)
        {
            throw new FormatException($"{exported.Length} bytes are no state of SHA-256.");
        }

        exported[FixedBytes..].CopyTo(restored.pending);
        return restored;
    }

    /// <summary>The state: eight words, the length in bytes, and the pending bytes, of which there are under 64.</summary>
    public byte[] Export()
    {
        var exported = new byte[FixedBytes + Pending];
        WriteWords(exported);
        BinaryPrimitives.WriteInt64BigEndian(exported.AsSpan(Words * sizeof(uint)), length);
        pending.AsSpan(0, Pending).CopyTo(exported.AsSpan(FixedBytes));
        return exported;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var held = Pending;
        length += bytes.Length;
        if (held > 0)
        {
            var taken = Math.Min(BlockBytes - held, bytes.Length);
            bytes[..taken].CopyTo(pending.AsSpan(held));
            bytes = bytes[taken..];
            if (held + taken < BlockBytes)
            {
                return;
            }

            Hash(pending);
        }

        var whole = bytes.Length - (bytes.Length % BlockBytes);
        Hash(bytes[..whole]);
        bytes[whole..].CopyTo(pending);
    }

    /// <summary>The hash of all bytes so far: 64 lower-case hexadecimal digits. It leaves the state as it is.</summary>
    public string HexDigest()
    {
        // Section 5.1.1: a bit 1, zeros, and the length in bits.
        var rest = Restore(Export());
        var padding = new byte[BlockBytes + sizeof(long) + 1];
        padding[0] = 0x80;
        var zeros = (BlockBytes + BlockBytes - sizeof(long) - 1 - Pending) % BlockBytes;
        BinaryPrimitives.WriteInt64BigEndian(padding.AsSpan(1 + zeros), length * 8);
        rest.Append(padding.AsSpan(0, 1 + zeros + sizeof(long)));
        Debug.Assert(rest.Pending == 0, "The padding ends a block.");
        var digest = new byte[Words * sizeof(uint)];
        rest.WriteWords(digest);
        return Convert.ToHexStringLower(digest);
    }

    private void WriteWords(Span<byte> target)
    {
        for (var i = 0; i < Words; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target[(i * sizeof(uint))..], state[i]);
        }
    }

    /// <summary>Section 6.2.2, for whole blocks.</summary>
    private void Hash(ReadOnlySpan<byte> blocks)
    {
        Span<uint> schedule = stackalloc uint[Rounds];
        ReadOnlySpan<uint> constants = Constants;
        constants = constants[..Rounds];
        for (; blocks.Length >= BlockBytes; blocks = blocks[BlockBytes..])
        {
            for (var i = 0; i < 16; i++)
            {
                schedule[i] = BinaryPrimitives.ReadUInt32BigEndian(blocks[(i * sizeof(uint))..]);
            }

            for (var i = 16; i < schedule.Length; i++)
            {
                var (early, late) = (schedule[i - 15], schedule[i - 2]);
                schedule[i] = schedule[i - 16]
                    + (BitOperations.RotateRight(early, 7) ^ BitOperations.RotateRight(early, 18) ^ (early >> 3))
                    + schedule[i - 7]
                    + (BitOperations.RotateRight(late, 17) ^ BitOperations.RotateRight(late, 19) ^ (late >> 10));
            }

            Mix(schedule, constants);
        }
    }

    private void Mix(ReadOnlySpan<uint> schedule, ReadOnlySpan<uint> constants)
    {
        var (a, b, c, d, e, f, g, h) =
            (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);

        // Four rounds at a time, each with its names moved on by one, so that no value is copied.
        for (var i = 0; i + 4 <= schedule.Length; i += 4)
        {
            Round(a, b, c, ref d, e, f, g, ref h, schedule[i] + constants[i]);
            Round(h, a, b, ref c, d, e, f, ref g, schedule[i + 1] + constants[i + 1]);
            Round(g, h, a, ref b, c, d, e, ref f, schedule[i + 2] + constants[i + 2]);
            Round(f, g, h, ref a, b, c, d, ref e, schedule[i + 3] + constants[i + 3]);
            (a, b, c, d, e, f, g, h) = (e, f, g, h, a, b, c, d);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        uint a, uint b, uint c, ref uint d, uint e, uint f, uint g, ref uint h, uint word)
    {
        h += word
            + (BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25))
            + ((e & f) ^ (~e & g));
        d += h;
        h += (BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22))
            + ((a & b) ^ (a & c) ^ (b & c));
    }
}
