using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Storage.Secrets;

/// <summary>The keys that seal secrets in rows.</summary>
/// <param name="Keys">
/// Each opens what it has sealed; the first seals. Without any, secrets are stored as plain text.
/// </param>
/// <param name="WritesPlain">
/// True when secrets are written as plain text although there are keys: versions before 0.3.0 can read no other.
/// </param>
public sealed record SecretOptions(IReadOnlyList<SealingKey> Keys, bool WritesPlain = false)
{
    /// <summary>
    /// In the environment <c>Secrets__Keys__0__Id</c> and <c>Secrets__Keys__0__Key</c>, 1 and so on: an id and random
    /// bytes in base64.
    /// </summary>
    public const string KeysSetting = "Secrets:Keys";

    /// <summary>In the environment <c>Secrets__Write</c>: <c>sealed</c>, the default, or <c>plain</c>.</summary>
    public const string WriteSetting = "Secrets:Write";

    /// <summary>The most keys. Each is in the memory of every instance; a roll-over needs two.</summary>
    public const int MaxKeys = 16;

    /// <summary>The key that seals; null when secrets are written as plain text.</summary>
    public SealingKey? Writing => WritesPlain || Keys.Count == 0 ? null : Keys[0];

    /// <exception cref="StartUpException">A key or an id is malformed, or an id is used twice.</exception>
    public static SecretOptions Read(IConfiguration configuration)
    {
        // In the order of the numbers, which the configuration compares as numbers.
        var keys = configuration.GetSection(KeysSetting).GetChildren()
            .Select(one => ReadKey(configuration, $"{KeysSetting}:{one.Key}"))
            .OfType<SealingKey>()
            .ToList();
        if (keys.Count > MaxKeys)
        {
            throw new StartUpException($"Secrets__Keys has {keys.Count} keys; at most {MaxKeys} are accepted.");
        }

        var twice = keys.GroupBy(key => key.Id, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? new SecretOptions(keys, ReadWritesPlain(configuration))
            : throw new StartUpException($"Secrets__Keys has two keys with the Id {twice.Key}; each needs another.");
    }

    private static bool ReadWritesPlain(IConfiguration configuration) => configuration[WriteSetting] switch
    {
        null or "" or "sealed" => false,
        "plain" => true,
        _ => throw new StartUpException("Secrets__Write must be sealed or plain."),
    };

    /// <summary>Reads one key; null when both of its settings are empty.</summary>
    private static SealingKey? ReadKey(IConfiguration configuration, string name)
    {
        var (id, text) = (configuration[$"{name}:Id"], configuration[$"{name}:Key"]);
        if (string.IsNullOrEmpty(id) && string.IsNullOrEmpty(text))
        {
            return null;
        }

        var shown = name.Replace(":", "__", StringComparison.Ordinal);
        if (!SealingKey.IsId(id))
        {
            throw new StartUpException($"{shown}__Id must have 1 to 32 of A-Z a-z 0-9 _ -.");
        }

        var material = new byte[SealingKey.MaxBytes + 1];

        // The message must not contain the key.
        return Convert.TryFromBase64String(text ?? "", material, out var length)
            && length is >= SealingKey.MinBytes and <= SealingKey.MaxBytes
            ? new SealingKey(id!, material[..length])
            : throw new StartUpException(
                $"{shown}__Key must be {SealingKey.MinBytes} to {SealingKey.MaxBytes} random bytes in base64, "
                + "as openssl rand -base64 32 prints them.");
    }
}
