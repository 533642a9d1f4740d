using System.Globalization;

namespace Parley.Senders;

/// <summary>Senders, and the rows that find them by what identifies them.</summary>
internal static class SenderRowKeys
{
    /// <summary>A sender, in its tenant's partition.</summary>
    public static string Sender(int number) => string.Create(CultureInfo.InvariantCulture, $"s|{number:D10}");

    /// <summary>The sender that has an identifier.</summary>
    /// <param name="hash">Of the identifier: clients may send characters that keys must not have.</param>
    public static string SenderIdentifier(string hash) => "si|" + hash;

    /// <summary>The sender that has an external id.</summary>
    /// <param name="hash">Of the external id.</param>
    public static string SenderExternalId(string hash) => "sx|" + hash;
}
