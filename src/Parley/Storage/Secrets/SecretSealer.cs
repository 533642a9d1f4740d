using System.Security.Cryptography;
using System.Text;
using Parley.Core;

namespace Parley.Storage.Secrets;

/// <summary>The place of a secret. A sealed secret can be opened in the place that it was sealed for only.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="PartitionKey">The row's partition key.</param>
/// <param name="RowKey">The row's key in its partition.</param>
/// <param name="Property">The property that contains the secret.</param>
public readonly record struct SecretPlace(string Table, string PartitionKey, string RowKey, string Property);

/// <summary>
/// Seals secrets in rows, so that a reader of the storage account or of a back-up cannot use them: AES-256-GCM with a
/// random nonce, a key of the settings and, as associated data, the secret's place. A sealed secret is
/// <c>sealed:1:{key id}:{nonce, ciphertext and tag in base64url}</c>. A secret without that beginning is plain text.
/// </summary>
/// <remarks>
/// NIST SP 800-38D, section 8.3, permits 2³² random nonces of 96 bits for one key; each secret takes one when it is
/// written.
/// </remarks>
public sealed class SecretSealer(SecretOptions options, RandomSource random)
{
    private const string Start = "sealed:1:";

    /// <summary>The id of the key that seals; empty when secrets are written as plain text.</summary>
    public string WritingKey => options.Writing?.Id ?? "";

    /// <summary>True when there is a key, so that stored secrets may have another form than new ones.</summary>
    public bool HasKeys => options.Keys.Count > 0;

    /// <summary>Returns the text to store: sealed with the first key, or plain when no key seals.</summary>
    public string Seal(string secret, SecretPlace place)
    {
        if (options.Writing is not { } key)
        {
            return secret;
        }

        var nonce = new byte[AesGcm.NonceByteSizes.MaxSize];
        random.Fill(nonce);
        return $"{Start}{key.Id}:{key.Encrypt(nonce, secret, Associated(key.Id, place))}";
    }

    /// <summary>Returns the secret of a stored text.</summary>
    /// <exception cref="SealedSecretException">The key is missing, or the text was changed or moved.</exception>
    public string Open(string stored, SecretPlace place)
    {
        if (!stored.StartsWith(Start, StringComparison.Ordinal))
        {
            return stored;
        }

        var id = IdOf(stored);
        var key = options.Keys.FirstOrDefault(one => one.Id == id)
            ?? throw SealedSecretException.NoKey(place, id);
        return key.Decrypt(stored[(Start.Length + id.Length + 1)..], Associated(id, place))
            ?? throw SealedSecretException.Changed(place, id);
    }

    /// <summary>True when the text has the form in which <see cref="Seal"/> writes now.</summary>
    public bool IsCurrent(string stored) =>
        stored.StartsWith(Start, StringComparison.Ordinal)
            ? options.Writing is { } key && IdOf(stored) == key.Id
            : options.Writing is null;

    private static string IdOf(string stored)
    {
        var end = stored.IndexOf(':', Start.Length);
        return end < 0 ? "" : stored[Start.Length..end];
    }

    // No part contains a line break, so no two places have the same text.
    private static byte[] Associated(string id, SecretPlace place) =>
        Encoding.UTF8.GetBytes(
            $"{Start}{id}\n{place.Table}\n{place.PartitionKey}\n{place.RowKey}\n{place.Property}");
}

/// <summary>A sealed secret cannot be opened. The message names its place and its key, not its value.</summary>
public sealed class SealedSecretException(string message) : Exception(message)
{
    internal static SealedSecretException NoKey(SecretPlace place, string id) => new(
        $"{Name(place)} is sealed with the key '{id}', which no Secrets__Keys__N__Id names. "
        + "Add that key again, after the first one, until the log says that no secret needs it.");

    internal static SealedSecretException Changed(SecretPlace place, string id) => new(
        $"{Name(place)} cannot be opened with the key '{id}': the key is another one of this id, or the text was "
        + "changed or comes from another row.");

    private static string Name(SecretPlace place) =>
        $"{place.Property} of {place.Table} / {place.PartitionKey} / {place.RowKey}";
}
