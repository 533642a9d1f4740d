using Parley.Core;
using Parley.Exports;
using Parley.Functions.Api.Requests;
using Parley.Spreadsheets;
using Parley.Webhooks;

namespace Parley.Functions.Api.Zaia;

/// <summary>Reads the body of a request for an export.</summary>
internal static class ExportFields
{
    /// <summary>The names of languages; the first is the default. The first two are Zaia's.</summary>
    private static readonly string[] Languages = ["enUs", "ptBr", "zhTw"];

    /// <summary>The name of a language; the default of one that a later version wrote.</summary>
    public static string NameOf(Language language) => language switch
    {
        Language.PtBr => "ptBr",
        Language.ZhTw => "zhTw",
        _ => "enUs",
    };

    public static Language ReadLanguage(QueryFields query) => Of(query.Choice("language", Languages));

    /// <param name="fields">The fields of the body. They collect all errors except those of the range.</param>
    /// <param name="allowed">Hosts that may receive callbacks, in addition to public ones.</param>
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
            Of(fields.Choice("language", Languages)),
            fields.Choice<TableFormat>("format") ?? TableFormat.Xlsx);
    }

    private static Language Of(string? name) => name switch
    {
        "ptBr" => Language.PtBr,
        "zhTw" => Language.ZhTw,
        _ => Language.EnUs,
    };
}
