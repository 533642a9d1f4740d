using System.Globalization;
using System.Text;

namespace Parley.Testing.TableService;

/// <summary>
/// The values of x-ms-continuation-NextPartitionKey and -NextRowKey. They are opaque ("Query timeout and pagination").
/// These look like Azure's, so that code that uses them as keys fails.
/// </summary>
internal static class PageToken
{
    private const string Prefix = "1!";

    public static string Encode(string key)
    {
        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(key)).Replace('+', '*').Replace('/', '_').Replace('=', '-');
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{text.Length}!{text}");
    }

    public static string Decode(string token)
    {
        var mark = token.IndexOf('!', Math.Min(Prefix.Length, token.Length));
        if (token.StartsWith(Prefix, StringComparison.Ordinal) && mark > 0
            && int.TryParse(token.AsSpan(Prefix.Length, mark - Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && token.Length - mark - 1 == length)
        {
            var bytes = new byte[length];
            var text = token[(mark + 1)..].Replace('*', '+').Replace('_', '/').Replace('-', '=');
            if (Convert.TryFromBase64String(text, bytes, out var written))
            {
                return Encoding.UTF8.GetString(bytes.AsSpan(0, written));
            }
        }

        throw TableError.InvalidInput($"no continuation token: {token}").Refuse();
    }
}
