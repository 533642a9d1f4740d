using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Spreadsheets;

namespace Parley.Assistants.Records;

/// <summary>
/// Writes records as rows of a table, with headings and error names in one language. In jsonl, which programs read, they
/// are the same in every language.
/// </summary>
public sealed class RecordTable : IRecordLayout
{
    // Cells for a message: the longest message has 100,000 characters, and a cell holds 32,767.
    private const int MessageParts = 4;

    // Cells for a context: two objects of 32,768 characters of JSON each, with their names.
    private const int ContextParts = 3;

    private const int UuidWidth = 40;
    private const int TextWidth = 48;
    private const int Width = 26;

    private static readonly (string English, string Portuguese, int Parts, int Width)[] All =
    [
        ("id", "id", 1, UuidWidth),
        ("conversation", "conversa", 1, UuidWidth),
        ("input_message", "mensagem_do_cliente", MessageParts, TextWidth),
        ("context", "contexto", ContextParts, TextWidth),
        ("output_message", "resposta", MessageParts, TextWidth),
        ("reply_time_s", "tempo_de_resposta_s", 1, Width),
        ("time", "horário", 1, Width),
        ("error", "erro", 1, Width),
        ("faithfulness", "fidelidade", 1, Width),
        ("answer_relevancy", "relevância_da_resposta", 1, Width),
        ("context_precision", "precisão_do_contexto", 1, Width),
        ("answer_correctness", "correção_da_resposta", 1, Width),
        ("answer_similarity", "similaridade_da_resposta", 1, Width),
        ("context_recall", "revocação_do_contexto", 1, Width),
    ];

    private readonly bool isPortuguese;

    public RecordTable(TableFormat format, Language language) =>
        isPortuguese = language == Language.PtBr && format != TableFormat.Jsonl;

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns =>
    [
        .. All.Select(column => new TableColumn(
            isPortuguese ? column.Portuguese : column.English, column.Parts, column.Width)),
    ];

    /// <inheritdoc/>
    public void Write(TableWriter table, Record record)
    {
        var completion = record.Completion;
        table.Text($"{completion.Id}");
        table.Text($"{completion.ConversationId}");
        table.Text(record.Input);
        table.Text(record.Context);
        table.Text(record.Output);
        table.NumberOrEmpty(completion.ReplyTime?.TotalSeconds);
        table.Time(completion.CreatedAt);
        table.Text(completion.Error is { } error ? ErrorName(error) : null);
        table.NumberOrEmpty(completion.Scores.Faithfulness);
        table.NumberOrEmpty(completion.Scores.AnswerRelevancy);
        table.NumberOrEmpty(completion.Scores.ContextPrecision);
        table.NumberOrEmpty(completion.Scores.AnswerCorrectness);
        table.NumberOrEmpty(completion.Scores.AnswerSimilarity);
        table.NumberOrEmpty(completion.Scores.ContextRecall);
    }

    // In English, the name is the error code of the API.
    private string ErrorName(CompletionError error) => !isPortuguese ? error.Code().Code : error switch
    {
        CompletionError.Timeout => "tempo esgotado",
        CompletionError.RateLimited => "limite de requisições",
        CompletionError.Refused => "recusado",
        CompletionError.Unavailable => "indisponível",
        CompletionError.BadRequest => "requisição inválida",
        CompletionError.Cancelled => "cancelado",
        CompletionError.Interrupted => "interrompido",
        CompletionError.Empty => "resposta vazia",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "There is no such error."),
    };
}
