using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsvHelper;
using ExcelDataReader;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>A message as a file must contain it.</summary>
internal sealed record ExportedMessage(
    int Conversation, string? Title, int Number, DateTimeOffset Time, string Role, string? Sender, string Content,
    int? Ticket = null, string? Thread = null, bool Edited = false, bool Deleted = false, string? ExternalId = null);

/// <summary>Reads export files with independent libraries and checks their contents.</summary>
internal static partial class ExportedFiles
{
    private const int CellLength = 32_767;

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

    private static readonly Dictionary<string, string> InPortuguese = new()
    {
        ["customer"] = "cliente",
        ["assistant"] = "assistente",
        ["staff"] = "atendente",
        ["yes"] = "sim",
        ["no"] = "não",
    };

    static ExportedFiles() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>The contents of a jsonl file, in their order.</summary>
    public static string Contents(byte[] jsonl) => string.Join(' ', Lines(jsonl).Select(line => line["content"]!.GetValue<string>()));

    /// <summary>Checks that a file has exactly these messages.</summary>
    public static void AssertHas(byte[] file, string format, string language, IReadOnlyList<ExportedMessage> messages)
    {
        if (format == "jsonl")
        {
            // The same in every language, with every text unchanged.
            Assert.Equal(messages.Select(InJson), Lines(file).Select(line => line.ToJsonString()));
            return;
        }

        var isCsv = format == "csv";
        var rows = isCsv ? ReadCsv(file) : ReadXlsx(file);
        Assert.Equal(language == "ptBr" ? Portuguese : English, rows[0]);
        Assert.Equal(messages.Count, rows.Count - 1);
        foreach (var (message, row) in messages.Zip(rows.Skip(1)))
        {
            Assert.Equal(Cells(message, isCsv, language == "ptBr"), row);
        }
    }

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

    private static string[] Cells(ExportedMessage message, bool isCsv, bool isPortuguese)
    {
        var parts = Parts(Clean(message.Content), isCsv);
        Assert.InRange(parts.Count, 1, 4);
        return
        [
            $"{message.Conversation}",
            Text(message.Title),
            $"{message.Number}",
            Iso(message.Time),
            EnumNameConverter(message.Role),
            Text(message.Sender),
            parts[0],
            $"{message.Ticket}",
            message.Thread ?? "",
            EnumNameConverter(message.Edited ? "yes" : "no"),
            EnumNameConverter(message.Deleted ? "yes" : "no"),
            Text(message.ExternalId),
            .. parts.Skip(1).Concat(Enumerable.Repeat("", 4 - parts.Count)),
        ];

        string Text(string? text) => Parts(Clean(text ?? ""), isCsv).Single();
        string EnumNameConverter(string word) => isPortuguese ? InPortuguese[word] : word;
    }

    /// <summary>
    /// The cells of a text: none exceeds a cell's limit, no pair is split, and in csv an apostrophe precedes a text
    /// that looks like a formula.
    /// </summary>
    private static List<string> Parts(string text, bool isCsv)
    {
        var parts = new List<string>();
        do
        {
            var guard = isCsv && Formula().IsMatch(text) ? "'" : "";
            var length = Math.Min(text.Length, CellLength - guard.Length);
            if (length < text.Length && char.IsLowSurrogate(text[length]))
            {
                length--;
            }

            parts.Add(guard + text[..length]);
            text = text[length..];
        }
        while (text.Length > 0);
        return parts;
    }

    private static string Clean(string text) => Forbidden().Replace(text, "");

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

    private static List<string[]> ReadXlsx(byte[] file)
    {
        using var reader = ExcelReaderFactory.CreateOpenXmlReader(new MemoryStream(file));
        var rows = new List<string[]>();
        while (reader.Read())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column) switch
            {
                null => "",
                double number => number.ToString("R", CultureInfo.InvariantCulture),

                // Days with fractions, which do not represent a millisecond exactly.
                DateTime time => Iso(new DateTimeOffset(time.AddTicks(TimeSpan.TicksPerMillisecond / 2), TimeSpan.Zero)),
                var other => (string)other,
            })]);
        }

        Assert.False(reader.NextResult());
        return rows;
    }

    /// <summary>Texts that a spreadsheet program could interpret as a formula.</summary>
    [GeneratedRegex(@"\A(\s*[=+\-@]|[\t\r\n])", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Formula();

    /// <summary>Characters in the tests' texts that XML cannot represent.</summary>
    [GeneratedRegex(@"[\u0001-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]", RegexOptions.None, 5000)]
    private static partial Regex Forbidden();
}
