using System.Diagnostics.CodeAnalysis;

namespace Parley.Functions.Api.Requests;

/// <summary>The Content-Disposition of a part of multipart/form-data (RFC 7578, section 4.2).</summary>
internal sealed class PartDisposition
{
    // A longer name is none that the app reads, and encoded words take long to decode.
    private const int MaxName = 1_000;

    private readonly HeaderParameters parameters;

    private PartDisposition(HeaderParameters parameters)
    {
        this.parameters = parameters;
        var name = parameters.Find("name") ?? "";
        Name = name.Length <= MaxName ? EncodedText.DecodeWords(name) : name;
    }

    /// <summary>The name of the part.</summary>
    public string Name { get; }

    /// <summary>False when the header is missing or is not <c>form-data</c>.</summary>
    public static bool TryParse(string? header, [NotNullWhen(true)] out PartDisposition? disposition)
    {
        var read = new HeaderParameters(header);
        disposition = read.Is("form-data") ? new PartDisposition(read) : null;
        return disposition is not null;
    }

    /// <summary>
    /// Decodes the file's name as the client meant it; empty when it sent none. A name in the extended form (RFC 8187)
    /// counts more than the plain one (RFC 6266, section 4.3), unless it is malformed or empty. A quote in the plain
    /// form is sent by browsers as <c>%22</c> (HTML, multipart/form-data encoding algorithm).
    /// </summary>
    public string ReadFileName() =>
        EncodedText.DecodeExtended(parameters.Find("filename*") ?? "") is { Length: > 0 } extended
            ? extended
            : EncodedText.DecodeWords(parameters.Find("filename") ?? "").Replace("%22", "\"", StringComparison.Ordinal);
}
