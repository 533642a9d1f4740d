using Parley.Spreadsheets;

namespace Parley.Assistants.Records;

/// <summary>
/// Records as MaiAgent's workbook has them: fourteen columns with traditional Chinese headings (its public OpenAPI,
/// <c>chatbots/{chatbotPk}/records/export-excel</c>). A text has one cell, so it ends with the cell's length.
/// </summary>
public sealed class ReviewTable : IRecordLayout
{
    private const int UuidWidth = 40;
    private const int TextWidth = 48;
    private const int Width = 20;

    /// <inheritdoc/>
    public IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("ID", 1, UuidWidth),
        new("用戶輸入訊息", 1, TextWidth),
        new("修飾輸入訊息", 1, TextWidth),
        new("型態", 1, Width),
        new("參考資料", 1, TextWidth),
        new("輸出訊息", 1, TextWidth),
        new("誠實性評分", 1, Width),
        new("回答相關性評分", 1, Width),
        new("回答正確性評分", 1, Width),
        new("回答相似性評分", 1, Width),
        new("參考資料相關性評分", 1, Width),
        new("參考資料召回率評分", 1, Width),
        new("回覆花費時間", 1, Width),
        new("建立時間", 1, Width),
    ];

    /// <inheritdoc/>
    public void Write(TableWriter table, Record record)
    {
        var completion = record.Completion;
        table.Text($"{completion.Id}");
        table.Text(record.Input);

        // The model gets the question as it was asked.
        table.Text(record.Input);
        table.Text(completion.Key.Sequence == 1 ? "New" : "Follow");
        table.Text(record.Context);
        table.Text(record.Output);
        table.NumberOrEmpty(completion.Scores.Faithfulness);
        table.NumberOrEmpty(completion.Scores.AnswerRelevancy);
        table.NumberOrEmpty(completion.Scores.AnswerCorrectness);
        table.NumberOrEmpty(completion.Scores.AnswerSimilarity);
        table.NumberOrEmpty(completion.Scores.ContextPrecision);
        table.NumberOrEmpty(completion.Scores.ContextRecall);
        table.NumberOrEmpty(completion.ReplyTime?.TotalSeconds);
        table.Time(completion.CreatedAt);
    }
}
