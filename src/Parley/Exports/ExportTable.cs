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

    private static readonly string[] English =
    [
        "conversation_number", "conversation_title", "message_number", "time", "role", "sender", "content", "ticket",
        "thread", "edited", "deleted", "external_id",
    ];

    private static readonly string[] Portuguese =
    [
        "número_da_conversa", "título_da_conversa", "número_da_mensagem", "horário", "papel", "remetente", "conteúdo",
        "ticket", "tópico", "editada", "excluída", "id_externo",
    ];

    private readonly bool isForPrograms;
    private readonly bool isPortuguese;

    public ExportTable(TableFormat format, Language language)
    {
        isForPrograms = format == TableFormat.Jsonl;
        isPortuguese = language == Language.PtBr && !isForPrograms;
        var names = isPortuguese ? Portuguese : English;
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

        table.Text((isPortuguese, value) switch
        {
            (true, true) => "sim",
            (true, false) => "não",
            (false, true) => "yes",
            (false, false) => "no",
        });
    }

    private string RoleOf(MessageRole role) => role switch
    {
        MessageRole.Customer => isPortuguese ? "cliente" : "customer",
        MessageRole.Assistant => isPortuguese ? "assistente" : "assistant",
        MessageRole.Staff => isPortuguese ? "atendente" : "staff",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "There is no such role."),
    };
}
