using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Spreadsheets;

namespace Parley.Exports;

/// <summary>
/// Messages as rows of a table. Headings and values are in the export's language; in jsonl, which programs read, they
/// are the same in every language.
/// </summary>
internal sealed class ExportTable
{
    /// <summary>Cells for the content of a message: at most 100,000 characters, of which a cell holds 32,767.</summary>
    private const int ContentParts = 4;

    private static readonly Words English = new(
        [
            "conversation_number", "conversation_title", "message_number", "time", "role", "sender", "content",
            "ticket", "thread", "edited", "deleted", "external_id",
        ],
        Yes: "yes",
        No: "no",
        Customer: "customer",
        Assistant: "assistant",
        Staff: "staff");

    private static readonly Words Portuguese = new(
        [
            "número_da_conversa", "título_da_conversa", "número_da_mensagem", "horário", "papel", "remetente",
            "conteúdo", "ticket", "tópico", "editada", "excluída", "id_externo",
        ],
        Yes: "sim",
        No: "não",
        Customer: "cliente",
        Assistant: "assistente",
        Staff: "atendente");

    private static readonly Words Chinese = new(
        [
            "對話編號", "對話標題", "訊息編號", "時間", "角色", "發送者", "內容", "工單", "討論串", "已編輯", "已刪除",
            "外部識別碼",
        ],
        Yes: "是",
        No: "否",
        Customer: "客戶",
        Assistant: "助理",
        Staff: "客服人員");

    private readonly bool isForPrograms;
    private readonly Words words;

    public ExportTable(TableFormat format, Language language)
    {
        isForPrograms = format == TableFormat.Jsonl;
        words = isForPrograms ? English : Words.Of(language);
        var names = words.Columns;
        Columns = [.. names.Select(name => new TableColumn(name, name == names[6] ? ContentParts : 1))];
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    public void Write(TableWriter table, string? title, Message message)
    {
        table.Number(message.Key.Conversation.Number);
        table.Text(title);
        table.Number(message.Key.Sequence);
        table.Time(message.CreatedAt);
        table.Text(RoleOf(message.Role));
        table.Text(message.Sender?.Name ?? message.UserName);
        table.Text(message.Text);
        if (message.Ticket is { } ticket)
        {
            table.Number(ticket);
        }
        else
        {
            table.Empty();
        }

        table.Text(message.Thread?.ToString());
        Write(table, message.EditedBy is not null);
        Write(table, message.DeletedBy is not null);
        table.Text(message.ExternalId);
    }

    private void Write(TableWriter table, bool value)
    {
        if (isForPrograms)
        {
            table.Truth(value);
            return;
        }

        table.Text(value ? words.Yes : words.No);
    }

    private string RoleOf(MessageRole role) => role switch
    {
        MessageRole.Customer => words.Customer,
        MessageRole.Assistant => words.Assistant,
        MessageRole.Staff => words.Staff,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "There is no such role."),
    };

    /// <summary>The headings and fixed values of a language.</summary>
    private sealed record Words(
        string[] Columns, string Yes, string No, string Customer, string Assistant, string Staff)
    {
        public static Words Of(Language language) => language switch
        {
            Language.PtBr => Portuguese,
            Language.ZhTw => Chinese,
            _ => English,
        };
    }
}
