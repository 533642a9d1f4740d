using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Core;

/// <summary>
/// SHA-256 digests in base64url, for keys built from texts of clients: such a text may have any length and contain
/// characters that keys must not contain.
/// </summary>
public static class Digest
{
    /// <summary>Returns 43 characters.</summary>
    public static string Of(string text) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The digest of a list; null and the empty text are different entries.</summary>
    public static string Of(IEnumerable<string?> texts)
    {
        // Length prefixes, so that two different lists never join to the same text.
        var joined = new StringBuilder();
        foreach (var text in texts)
        {
            joined.Append(text?.Length ?? -1).Append(':').Append(text);
        }

        return Of(joined.ToString());
    }
}
