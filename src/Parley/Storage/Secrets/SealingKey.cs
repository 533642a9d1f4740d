using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Storage.Secrets;

/// <summary>A key that seals secrets in rows.</summary>
public sealed class SealingKey
{
    /// <summary>The fewest bytes of a key's material: 256 bits.</summary>
    public const int MinBytes = 32;

    /// <summary>The most bytes of a key's material.</summary>
    public const int MaxBytes = 256;

    private const int KeyLength = 32;

    // Separates this use of the material from every other.
    private static readonly byte[] Purpose = Encoding.ASCII.GetBytes("parley sealed secrets, version 1");

    private readonly byte[] key;

    /// <param name="id">1 to 32 letters, digits, <c>-</c> and <c>_</c>. It is stored with each sealed secret.</param>
    /// <param name="material">Random bytes, of which the key is derived (HKDF, RFC 5869).</param>
    internal SealingKey(string id, byte[] material)
    {
        Id = id;
        key = HKDF.DeriveKey(HashAlgorithmName.SHA256, material, KeyLength, salt: null, Purpose);
    }

    /// <summary>The key's name in sealed secrets and in settings.</summary>
    public string Id { get; }

    /// <summary>True for an id that settings may have.</summary>
    internal static bool IsId(string? id) =>
        id is { Length: >= 1 and <= 32 } && id.All(one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_');

    /// <summary>Encrypts with AES-256-GCM. A nonce must never be used twice with the same key.</summary>
    /// <returns>Nonce, ciphertext and tag in base64url.</returns>
    internal string Encrypt(byte[] nonce, string text, byte[] associated)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var (cipher, tag) = (new byte[plain.Length], new byte[AesGcm.TagByteSizes.MaxSize]);
        using var aes = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        aes.Encrypt(nonce, plain, cipher, tag, associated);
        return Base64Url.EncodeToString([.. nonce, .. cipher, .. tag]);
    }

    /// <returns>Null when the text was changed, or sealed with another key or other associated data.</returns>
    internal string? Decrypt(string sealedText, byte[] associated)
    {
        var (nonceLength, tagLength) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        if (!Base64Url.IsValid(sealedText)
            || Base64Url.DecodeFromChars(sealedText) is not { } bytes
            || bytes.Length < nonceLength + tagLength)
        {
            return null;
        }

        var plain = new byte[bytes.Length - nonceLength - tagLength];
        using var aes = new AesGcm(key, tagLength);
        try
        {
            aes.Decrypt(
                bytes.AsSpan(0, nonceLength),
                bytes.AsSpan(nonceLength, plain.Length),
                bytes.AsSpan(nonceLength + plain.Length),
                plain,
                associated);
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
