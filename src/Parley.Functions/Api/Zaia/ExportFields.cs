using Parley.Exports;
using Parley.Functions.Api.Requests;
using Parley.Spreadsheets;
using Parley.Webhooks;

namespace Parley.Functions.Api.Zaia;

/// <summary>Reads the body that asks for an export.</summary>
internal static class ExportFields
{
    private const string English = "enUs";
    private const string Portuguese = "ptBr";

    /// <summary>A language as Zaia's clients spell it.</summary>
    public static string NameOf(ExportLanguage language) => language == ExportLanguage.PtBr ? Portuguese : English;

    /// <summary>The language that a request's parameter names.</summary>
    public static ExportLanguage ReadLanguage(QueryFields query) => Of(query.Choice("language", English, Portuguese));

    /// <summary>What is asked for.</summary>
    /// <param name="fields">Learn of what is wrong, but for the range.</param>
    /// <param name="allowed">Hosts that callbacks may go to besides public ones.</param>
    public static NewExport Read(Fields fields, AllowedHosts allowed)
    {
        var callbackUrl = fields.RequiredText("callbackUrl", 1, WebhookUrl.MaxLength);
        if (callbackUrl.Length > 0 && WebhookUrl.InvalidReason(callbackUrl, allowed) is { } invalid)
        {
            fields.Fail("callbackUrl", invalid);
        }

        return new NewExport(
            fields.Time("rangeStart"),
            fields.Time("rangeEnd"),
            callbackUrl,
            Of(fields.Choice("language", English, Portuguese)),
            fields.Choice<TableFormat>("format") ?? TableFormat.Xlsx);
    }

    private static ExportLanguage Of(string? name) => name == Portuguese ? ExportLanguage.PtBr : ExportLanguage.EnUs;
}
