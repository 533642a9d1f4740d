using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Parley.Core;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Core;

/// <summary>The own SHA-256: the published vectors, and the framework's for other bytes, however they are split.</summary>
public sealed class ResumableSha256Tests(ITestOutputHelper output)
{
    /// <summary>The examples of NIST for SHA-256, and the empty message.</summary>
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    [InlineData(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1")]
    public void Vectors(string text, string expected)
    {
        var hash = new ResumableSha256();
        hash.Append(Encoding.ASCII.GetBytes(text));
        Assert.Equal(expected, hash.HexDigest());
    }

    [Fact]
    public void A_million_times_the_letter_a()
    {
        var hash = new ResumableSha256();
        for (var i = 0; i < 1_000; i++)
        {
            hash.Append(Encoding.ASCII.GetBytes(new string('a', 1_000)));
        }

        Assert.Equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", hash.HexDigest());
    }

    [Fact]
    public void Every_length_of_three_blocks_equals_the_framework()
    {
        var bytes = new byte[200];
        new Random(1).NextBytes(bytes);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var hash = new ResumableSha256();
            hash.Append(bytes.AsSpan(0, length));
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, length))), hash.HexDigest());
        }
    }

    [Fact]
    public void Random_splits_and_restores_equal_the_framework()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(5_000)];
            random.NextBytes(bytes);
            var (hash, at) = (new ResumableSha256(), 0);
            while (at < bytes.Length)
            {
                var part = Math.Min(bytes.Length - at, random.Next(random.Next(2) == 0 ? 3 : 700));
                hash.Append(bytes.AsSpan(at, part));
                at += part;
                if (random.Next(2) == 0)
                {
                    // The state of the old one is not shared with the new one.
                    var old = hash;
                    hash = ResumableSha256.Restore(old.Export());
                    old.Append(bytes);
                }

                if (random.Next(4) == 0)
                {
                    Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, at))), hash.HexDigest());
                }
            }

            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), hash.HexDigest());
        }
    }

    [Fact]
    public void A_state_has_eight_words_a_length_and_the_pending_bytes()
    {
        var hash = new ResumableSha256();
        Assert.Equal(40, hash.Export().Length);
        hash.Append(new byte[63]);
        Assert.Equal(103, hash.Export().Length);
        hash.Append(new byte[1]);
        Assert.Equal(40, hash.Export().Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(41)]
    [InlineData(104)]
    public void Other_bytes_are_no_state(int length) => Assert.Throws<FormatException>(() => ResumableSha256.Restore(new byte[length]));

    [Fact]
    public void A_negative_length_is_no_state()
    {
        var state = new ResumableSha256().Export();
        state[32] = 0x80;
        Assert.Throws<FormatException>(() => ResumableSha256.Restore(state));
    }

    /// <summary>Nothing is compared: seconds say nothing on a machine that does other work.</summary>
    [Fact]
    public void Speed_beside_the_framework()
    {
        var bytes = new byte[4 * 1024 * 1024];
        new Random(1).NextBytes(bytes);
        var (own, framework) = (new ResumableSha256(), IncrementalHash.CreateHash(HashAlgorithmName.SHA256));
        for (var i = 0; i < 30; i++)
        {
            own.Append(bytes.AsSpan(0, 100_000));
        }

        var ownTime = Time(() => own.Append(bytes));
        var frameworkTime = Time(() => framework.AppendData(bytes));
        output.WriteLine($"own {64 / ownTime.TotalSeconds:0} MB/s, framework {64 / frameworkTime.TotalSeconds:0} MB/s");
        Assert.NotEqual(own.HexDigest(), Convert.ToHexStringLower(framework.GetHashAndReset()));

        static TimeSpan Time(Action act)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 16; i++)
            {
                act();
            }

            return watch.Elapsed;
        }
    }
}
