using System.Globalization;
using System.Text.Json;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Tests.Spreadsheets;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>
/// Reads the rows of an export's file without the code that writes it, and computes the expected rows. Cells are texts;
/// in jsonl, null stands for an absent value.
/// </summary>
internal static class ExportFileReader
{
    private static readonly string[] English =
        ["conversation_number", "conversation_title", "message_number", "time", "role", "sender", "content", "ticket", "thread", "edited", "deleted", "external_id"];

    private static readonly string[] Portuguese =
        ["número_da_conversa", "título_da_conversa", "número_da_mensagem", "horário", "papel", "remetente", "conteúdo", "ticket", "tópico", "editada", "excluída", "id_externo"];

    /// <summary>The rows without the headings, which are checked.</summary>
    public static List<string?[]> Read(Export export, byte[] file) => export.Format switch
    {
        TableFormat.Jsonl => ReadJsonl(file),
        TableFormat.Csv => ReadCsv(file, export.Language),
        _ => throw new NotSupportedException("Scenarios write none."),
    };

    public static string?[] RowOf(Export export, string? title, Message message)
    {
        var isJson = export.Format == TableFormat.Jsonl;
        var isPortuguese = export.Language == Language.PtBr && !isJson;
        var role = (message.Role, isPortuguese) switch
        {
            (MessageRole.Customer, true) => "cliente",
            (MessageRole.Assistant, true) => "assistente",
            (MessageRole.Staff, true) => "atendente",
            (MessageRole.Customer, false) => "customer",
            (MessageRole.Assistant, false) => "assistant",
            _ => "staff",
        };
        string?[] cells =
        [
            Number(message.Key.Conversation.Number), Text(title), Number(message.Key.Sequence), message.CreatedAt.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            role, Text(message.Sender?.Name ?? message.UserName), Text(message.Text), message.Ticket is { } ticket ? Number(ticket) : Text(null), Text(message.Thread?.ToString("D")),
            Truth(message.EditedBy is not null), Truth(message.DeletedBy is not null), Text(message.ExternalId),
        ];
        return isJson ? cells : [.. cells, "", "", ""];

        string Truth(bool value) => isJson ? (value ? "true" : "false") : isPortuguese ? (value ? "sim" : "não") : value ? "yes" : "no";

        // This is the only text of the scenarios that looks like a formula.
        string? Text(string? text) => isJson ? text : text is null ? "" : text.StartsWith('=') ? $"'{text}" : text;

        static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    private static List<string?[]> ReadJsonl(byte[] file)
    {
        var lines = System.Text.Encoding.UTF8.GetString(file).Split('\n');
        Assert.Equal("", lines[^1]);
        return [.. lines[..^1].Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            Assert.Equal(English, json.RootElement.EnumerateObject().Select(member => member.Name));
            return json.RootElement.EnumerateObject().Select(member => member.Value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => member.Value.GetString(),
                _ => member.Value.GetRawText(),
            }).ToArray();
        })];
    }

    private static List<string?[]> ReadCsv(byte[] file, Language language)
    {
        var lines = StrictCsv.Read(file);
        var names = language == Language.PtBr ? Portuguese : English;
        Assert.Equal([.. names, $"{names[6]}_2", $"{names[6]}_3", $"{names[6]}_4"], lines[0]);
        return [.. lines.Skip(1)];
    }
}
