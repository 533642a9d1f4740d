using System.Globalization;

namespace Parley.Tenants.Tokens;

/// <summary>Row keys of the keys that sign access tokens, in the partition of the administration API.</summary>
internal static class SigningKeyRowKeys
{
    /// <summary>The prefix of the rows.</summary>
    public const string SigningKeys = "token-key|";

    public static string SigningKey(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{SigningKeys}{number:D10}");
}
