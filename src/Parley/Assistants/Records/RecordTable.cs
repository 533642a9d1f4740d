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

    private static readonly (string English, string Portuguese, string Chinese, int Parts, int Width)[] All =
    [
        ("id", "id", "識別碼", 1, UuidWidth),
        ("conversation", "conversa", "對話", 1, UuidWidth),
        ("input_message", "mensagem_do_cliente", "客戶訊息", MessageParts, TextWidth),
        ("context", "contexto", "上下文", ContextParts, TextWidth),
        ("output_message", "resposta", "回覆", MessageParts, TextWidth),
        ("reply_time_s", "tempo_de_resposta_s", "回覆時間_秒", 1, Width),
        ("time", "horário", "時間", 1, Width),
        ("error", "erro", "錯誤", 1, Width),
        ("faithfulness", "fidelidade", "忠實度", 1, Width),
        ("answer_relevancy", "relevância_da_resposta", "答案相關性", 1, Width),
        ("context_precision", "precisão_do_contexto", "上下文精確度", 1, Width),
        ("answer_correctness", "correção_da_resposta", "答案正確性", 1, Width),
        ("answer_similarity", "similaridade_da_resposta", "答案相似度", 1, Width),
        ("context_recall", "revocação_do_contexto", "上下文召回率", 1, Width),
    ];

    private readonly Language language;

    public RecordTable(TableFormat format, Language language) =>
        this.language = format == TableFormat.Jsonl ? Language.EnUs : language;

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns =>
    [
        .. All.Select(column => new TableColumn(
            language switch
            {
                Language.PtBr => column.Portuguese,
                Language.ZhTw => column.Chinese,
                _ => column.English,
            },
            column.Parts,
            column.Width)),
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
    private string ErrorName(CompletionError error) => language switch
    {
        Language.PtBr => PortugueseName(error),
        Language.ZhTw => ChineseName(error),
        _ => error.Code().Code,
    };

    private static string PortugueseName(CompletionError error) => error switch
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

    private static string ChineseName(CompletionError error) => error switch
    {
        CompletionError.Timeout => "逾時",
        CompletionError.RateLimited => "請求過多",
        CompletionError.Refused => "已拒絕",
        CompletionError.Unavailable => "無法連線",
        CompletionError.BadRequest => "無效的請求",
        CompletionError.Cancelled => "已取消",
        CompletionError.Interrupted => "已中斷",
        CompletionError.Empty => "空白回覆",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "There is no such error."),
    };
}
