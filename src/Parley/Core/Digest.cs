using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Core;

/// <summary>SHA-256 in base64url, for keys of what clients name: those texts may have any length and characters that keys must not have.</summary>
public static class Digest
{
    /// <summary>The digest of a text: 43 characters.</summary>
    public static string Of(string text) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The digest of a list of texts, null among them.</summary>
    public static string Of(IEnumerable<string?> texts)
    {
        // Length-prefixed, so that no two lists run together to the same text.
        var joined = new StringBuilder();
        foreach (var text in texts)
        {
            joined.Append(text?.Length ?? -1).Append(':').Append(text);
        }

        return Of(joined.ToString());
    }
}
