using System.Globalization;

namespace Parley.Senders;

/// <summary>Row keys of senders, and of the lookup rows by identifier and by external id.</summary>
internal static class SenderRowKeys
{
    /// <summary>The key of a sender's row, in the tenant's partition.</summary>
    public static string Sender(int number) => string.Create(CultureInfo.InvariantCulture, $"s|{number:D10}");

    /// <param name="hash">
    /// The hash of the identifier: an identifier may contain characters that are not allowed in keys.
    /// </param>
    public static string SenderIdentifier(string hash) => "si|" + hash;

    /// <param name="hash">The hash of the external id.</param>
    public static string SenderExternalId(string hash) => "sx|" + hash;
}
