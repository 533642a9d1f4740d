using System.Security.Cryptography;
using System.Text;

namespace Azure.Data.Tables;

/// <summary>An account's name and key. The key never leaves this object; requests carry signatures made with it.</summary>
public class TableSharedKeyCredential
{
    private readonly byte[] _key;

    /// <summary>Takes the key as base64; <see cref="FormatException"/> when it is not.</summary>
    public TableSharedKeyCredential(string accountName, string accountKey)
    {
        ArgumentNullException.ThrowIfNull(accountName);
        ArgumentNullException.ThrowIfNull(accountKey);
        AccountName = accountName;
        _key = Convert.FromBase64String(accountKey);
    }

    internal string AccountName { get; }

    internal string Sign(string text)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text), hash);
        return Convert.ToBase64String(hash);
    }
}
