using Parley.Core;
using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Admin;

/// <summary>
/// Names of tenants and labels of keys. People tell tenants and keys apart by them, and a label is shown as the author
/// of messages.
/// </summary>
internal static class NameFields
{
    /// <summary>Reads a line of 1 to 250 characters that shows something, in its own order.</summary>
    public static string RequiredName(this Fields fields, string name) =>
        Check(fields, name, fields.RequiredText(name, 1, Limits.Line))!;

    /// <inheritdoc cref="RequiredName"/>
    public static string? Name(this Fields fields, string name) =>
        Check(fields, name, fields.Text(name, 1, Limits.Line));

    private static string? Check(Fields fields, string name, string? text)
    {
        if (text is { Length: > 0 } && (BlankText.IsBlank(text) || text.EnumerateRunes().Any(HiddenCharacters.Contain)))
        {
            fields.Fail(name, "Must show something, without line breaks, control characters and direction marks.");
        }

        return text;
    }
}
