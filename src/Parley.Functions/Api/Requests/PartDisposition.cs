using System.Diagnostics.CodeAnalysis;

namespace Parley.Functions.Api.Requests;

/// <summary>The Content-Disposition of a part of multipart/form-data (RFC 7578, section 4.2).</summary>
/// <param name="Name">The name of the part.</param>
/// <param name="FileName">The file's name as the client meant it; empty when it sent none.</param>
internal sealed record PartDisposition(string Name, string FileName)
{
    /// <summary>False when the header is missing or is not <c>form-data</c>.</summary>
    public static bool TryParse(string? header, [NotNullWhen(true)] out PartDisposition? disposition)
    {
        var parameters = new HeaderParameters(header);
        disposition = parameters.Is("form-data")
            ? new PartDisposition(EncodedText.DecodeWords(parameters.Find("name") ?? ""), ReadFileName(parameters))
            : null;
        return disposition is not null;
    }

    /// <summary>
    /// A file name in the extended form (RFC 8187) counts more than the plain one (RFC 6266, section 4.3), unless it is
    /// malformed or empty. A quote in the plain form is sent by browsers as <c>%22</c> (HTML, multipart/form-data
    /// encoding algorithm).
    /// </summary>
    private static string ReadFileName(HeaderParameters parameters) =>
        EncodedText.DecodeExtended(parameters.Find("filename*") ?? "") is { Length: > 0 } extended
            ? extended
            : EncodedText.DecodeWords(parameters.Find("filename") ?? "").Replace("%22", "\"", StringComparison.Ordinal);
}
