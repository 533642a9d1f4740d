using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsvHelper;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>A message as a file must contain it.</summary>
internal sealed record ExportedMessage(
    int Conversation, string? Title, int Number, DateTimeOffset Time, string Role, string? Sender, string Content,
    int? Ticket = null, string? Thread = null, bool Edited = false, bool Deleted = false, string? ExternalId = null);

/// <summary>Reads export files with independent libraries and checks their contents.</summary>
internal static partial class ExportedFiles
{
    private static readonly string[] English =
    [
        "conversation_number", "conversation_title", "message_number", "time", "role", "sender", "content", "ticket", "thread", "edited", "deleted", "external_id",
        "content_2", "content_3", "content_4",
    ];

    private static readonly string[] Portuguese =
    [
        "número_da_conversa", "título_da_conversa", "número_da_mensagem", "horário", "papel", "remetente", "conteúdo", "ticket", "tópico", "editada", "excluída", "id_externo",
        "conteúdo_2", "conteúdo_3", "conteúdo_4",
    ];

    private static readonly string[] Chinese =
    [
        "對話編號", "對話標題", "訊息編號", "時間", "角色", "發送者", "內容", "工單", "討論串", "已編輯", "已刪除", "外部識別碼", "內容_2", "內容_3", "內容_4",
    ];

    private static readonly Dictionary<string, string> InChinese = new()
    {
        ["customer"] = "客戶",
        ["assistant"] = "助理",
        ["staff"] = "客服人員",
        ["yes"] = "是",
        ["no"] = "否",
    };

    private static readonly Dictionary<string, string> InPortuguese = new()
    {
        ["customer"] = "cliente",
        ["assistant"] = "assistente",
        ["staff"] = "atendente",
        ["yes"] = "sim",
        ["no"] = "não",
    };

    /// <summary>The contents of a jsonl file, in their order.</summary>
    public static string Contents(byte[] jsonl) => string.Join(' ', Lines(jsonl).Select(line => line["content"]!.GetValue<string>()));

    /// <summary>Checks that a file has exactly these messages.</summary>
    public static async Task AssertHasAsync(byte[] file, string format, string language, IReadOnlyList<ExportedMessage> messages)
    {
        switch (format)
        {
            case "jsonl":
                // The same in every language, with every text unchanged.
                Assert.Equal(messages.Select(InJson), Lines(file).Select(line => line.ToJsonString()));
                break;
            case "csv":
                var rows = messages.Select(message => Cells(message, language, isCsv: true));
                Assert.Equal([Headings(language), .. rows.Select(row => row.Select(InCsv).ToArray())], ReadCsv(file));
                break;
            default:
                await WorkbookAssert.HasAsync(file, [Sheet(messages, language)], WorkbookReader.OfDotNet);
                break;
        }
    }

    /// <summary>The sheet of a workbook with these messages.</summary>
    public static IReadOnlyList<object?[]> Sheet(IReadOnlyList<ExportedMessage> messages, string language) =>
        [Headings(language), .. messages.Select(message => Cells(message, language, isCsv: false))];

    private static string[] Headings(string language) => language switch { "ptBr" => Portuguese, "zhTw" => Chinese, _ => English };

    private static List<JsonNode> Lines(byte[] jsonl)
    {
        var lines = Encoding.UTF8.GetString(jsonl).Split('\n');
        Assert.Equal("", lines[^1]);
        return [.. lines[..^1].Select(line => JsonNode.Parse(line)!)];
    }

    private static string InJson(ExportedMessage message) => new JsonObject
    {
        ["conversation_number"] = message.Conversation,
        ["conversation_title"] = message.Title,
        ["message_number"] = message.Number,
        ["time"] = Iso(message.Time),
        ["role"] = message.Role,
        ["sender"] = message.Sender,
        ["content"] = message.Content,
        ["ticket"] = message.Ticket,
        ["thread"] = message.Thread,
        ["edited"] = message.Edited,
        ["deleted"] = message.Deleted,
        ["external_id"] = message.ExternalId,
    }.ToJsonString();

    private static object?[] Cells(ExportedMessage message, string language, bool isCsv)
    {
        var parts = Parts(Clean(message.Content, isCsv), isCsv);
        Assert.InRange(parts.Count, 1, 4);
        return
        [
            (double)message.Conversation,
            Text(message.Title),
            (double)message.Number,
            message.Time,
            EnumNameConverter(message.Role),
            Text(message.Sender),
            parts[0].Length == 0 ? null : parts[0],
            (double?)message.Ticket,
            message.Thread,
            EnumNameConverter(message.Edited ? "yes" : "no"),
            EnumNameConverter(message.Deleted ? "yes" : "no"),
            Text(message.ExternalId),
            .. parts.Skip(1).Concat(Enumerable.Repeat<string?>(null, 4 - parts.Count)),
        ];

        string? Text(string? text) => string.IsNullOrEmpty(text) ? null : Parts(Clean(text, isCsv), isCsv).Single();
        string EnumNameConverter(string word) => language switch { "ptBr" => InPortuguese[word], "zhTw" => InChinese[word], _ => word };
    }

    private static string InCsv(object? cell) => cell switch
    {
        null => "",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        DateTimeOffset time => Iso(time),
        _ => (string)cell,
    };

    /// <summary>The cells of a text; in csv an apostrophe precedes one that looks like a formula.</summary>
    private static IReadOnlyList<string> Parts(string text, bool isCsv) =>
        LongText.Split(text, rest => isCsv && Formula().IsMatch(rest) ? "'" : "");

    /// <summary>The text that cells contain. In a workbook, a line break is a line feed.</summary>
    private static string Clean(string text, bool isCsv)
    {
        var clean = Forbidden().Replace(text, "");
        return isCsv ? clean : CarriageReturn().Replace(clean, "\n");
    }

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static List<string[]> ReadCsv(byte[] file)
    {
        Assert.Equal([0xEF, 0xBB, 0xBF], file[..3]);
        Assert.Equal("\r\n"u8.ToArray(), file[^2..]);
        var rows = new List<string[]>();
        using var reader = CsvReader.Create(file, new CsvReaderOptions { Separator = ',', HasHeader = false, SkipEmptyLines = false, AllowLineBreaksInQuotes = true });
        foreach (var row in reader)
        {
            rows.Add(row.ToArray());
        }

        return rows;
    }

    /// <summary>Texts that a spreadsheet program could interpret as a formula.</summary>
    [GeneratedRegex(@"\A(\s*[=+\-@]|[\t\r\n])", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Formula();

    /// <summary>Characters in the tests' texts that XML cannot represent.</summary>
    [GeneratedRegex(@"[\u0001-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]", RegexOptions.None, 5000)]
    private static partial Regex Forbidden();

    [GeneratedRegex("\r\n?", RegexOptions.None, 5000)]
    private static partial Regex CarriageReturn();
}
