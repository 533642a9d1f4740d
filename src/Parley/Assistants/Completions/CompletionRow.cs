using System.Collections.Immutable;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>The rows <c>t|n</c> of a conversation's partition, beside the customer's message n.</summary>
internal static class CompletionRow
{
    /// <summary>
    /// Maximum number of events in a row. A binary property holds at most 64 KiB (Table service data model). The length
    /// of a part takes one byte, and more only from 128 on; a reply has fewer than 800 parts of that length.
    /// </summary>
    public const int MaxParts = 50_000;

    private const string Parts = "Parts";

    public static TableEntity Create(Completion completion)
    {
        var row = new TableEntity(
            completion.Key.Conversation.PartitionKey,
            CompletionRowKeys.Completion(completion.Key.Sequence))
        {
            ["Check"] = completion.Check,
            ["ConversationCheck"] = completion.ConversationCheck,
            ["Chatbot"] = completion.Chatbot,
            ["ChatbotName"] = completion.ChatbotName,
            ["AutoReply"] = completion.IsAutoReply,
            ["Status"] = (int)completion.Status,
            ["Attempt"] = completion.Attempt,
            ["ProducerId"] = completion.ProducerId,
            ["Cancel"] = completion.CancelRequested,
            ["CreatedAt"] = completion.CreatedAt,
            ["DueAt"] = completion.DueAt,
            ["FirstEvent"] = completion.FirstEvent,
            ["Rev"] = completion.Revision,
        };
        row.SetIfAny("EditId", completion.EditId);
        WriteError(row, completion.Error);
        row.SetIfAny("RetryAfter", completion.RetryAfter?.TotalSeconds);
        row.SetIfAny("EndedAt", completion.EndedAt);
        row.SetIfAny("Reply", completion.Reply);
        WriteText(row, completion);
        WriteScores(row, completion.Scores);
        return row;
    }

    /// <summary>
    /// Reads a completion from its row. The text of a running one may be in chunks (<see cref="CompletionRows"/>).
    /// </summary>
    public static Completion Read(TableEntity row, ConversationKey conversation) => new()
    {
        Key = new MessageKey(conversation, KeyParts.LastNumber(row.RowKey)),
        Check = row.GetInt64("Check")!.Value,
        ConversationCheck = row.GetInt64("ConversationCheck")!.Value,
        Chatbot = row.GetGuid("Chatbot")!.Value,
        ChatbotName = row.GetString("ChatbotName"),
        IsAutoReply = row.GetBoolean("AutoReply")!.Value,
        Status = (CompletionStatus)row.GetInt32("Status")!.Value,
        Error = (CompletionError?)(row.GetInt32("ErrorDetail") ?? row.GetInt32("Error")),
        RetryAfter = row.GetDouble("RetryAfter") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Attempt = row.GetInt32("Attempt")!.Value,
        ProducerId = row.GetString("ProducerId"),
        Heartbeat = row.GetInt32("Beat")!.Value,
        CancelRequested = row.GetBoolean("Cancel")!.Value,
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        DueAt = row.GetDateTimeOffset("DueAt")!.Value,
        EndedAt = row.GetDateTimeOffset("EndedAt"),
        Parts = ReadParts(row),
        Chunks = row.GetInt32("Chunks") ?? 0,
        FirstEvent = row.GetInt32("FirstEvent")!.Value,
        Reply = row.GetInt32("Reply"),
        Scores = new CompletionScores(
            row.GetDouble(nameof(CompletionScores.Faithfulness)),
            row.GetDouble(nameof(CompletionScores.AnswerRelevancy)),
            row.GetDouble(nameof(CompletionScores.ContextPrecision)),
            row.GetDouble(nameof(CompletionScores.AnswerCorrectness)),
            row.GetDouble(nameof(CompletionScores.AnswerSimilarity)),
            row.GetDouble(nameof(CompletionScores.ContextRecall))),
        Revision = row.GetInt32("Rev")!.Value,
        EditId = row.GetString("EditId"),
        ETag = row.ETag,
    };

    /// <summary>The number of events in the chunks of the current attempt.</summary>
    public static int EventsOf(TableEntity row) => row.GetInt32("Events") ?? 0;

    /// <summary>
    /// The producer's write beside the chunk of an event. To be merged, because clients may write other properties.
    /// </summary>
    public static TableEntity EventAdded(Completion completion)
    {
        var row = Heartbeat(completion);
        row["Events"] = completion.Parts.Count;
        row["Chunks"] = completion.Chunks;
        return row;
    }

    /// <summary>The producer's write when no text has arrived since the last one. To be merged.</summary>
    public static TableEntity Heartbeat(Completion completion)
    {
        var row = Empty(completion);
        row["Beat"] = completion.Heartbeat;
        return row;
    }

    /// <summary>The final text and the end. To be merged.</summary>
    public static TableEntity Ended(Completion completion)
    {
        var row = Empty(completion);
        WriteText(row, completion);
        row["Status"] = (int)CompletionStatus.Ended;
        row["EndedAt"] = completion.EndedAt;
        WriteError(row, completion.Error);
        row.SetIfAny("RetryAfter", completion.RetryAfter?.TotalSeconds);
        row.SetIfAny("Reply", completion.Reply);
        return row;
    }

    /// <summary>
    /// A client's request to cancel. To be merged under any ETag: the producer's next write then fails, and the
    /// producer reads the row.
    /// </summary>
    public static TableEntity CancelRequested(Completion completion)
    {
        var row = Empty(completion);
        row["Cancel"] = true;
        return row;
    }

    /// <summary>
    /// Deletes the text after its reply was deleted. The events stay, each with length 0, so that an event number is
    /// never used for another event. To be merged.
    /// </summary>
    public static TableEntity TextCleared(Completion completion)
    {
        var row = Empty(completion);
        LongText.Clear(row, "Text", ReplyText.MaxLength);
        row[Parts] = PartLengths.Write([.. completion.Parts.Select(_ => "")]);
        return row;
    }

    private static TableEntity Empty(Completion completion) =>
        new(completion.Key.Conversation.PartitionKey, CompletionRowKeys.Completion(completion.Key.Sequence));

    /// <summary>
    /// Versions up to 0.2.0 do not read chunks: if one ends a completion of a later version, its text is lost. Its
    /// events stay, without text, so that an event number is never used for another event.
    /// </summary>
    private static ImmutableList<string> ReadParts(TableEntity row)
    {
        var parts = ImmutableList.CreateRange(PartLengths.Read(LongText.Read(row, "Text")!, row.GetBinary(Parts)));
        return row.GetInt32("Status") == (int)CompletionStatus.Ended && EventsOf(row) > parts.Count
            ? parts.AddRange(Enumerable.Repeat("", EventsOf(row) - parts.Count))
            : parts;
    }

    private static void WriteText(TableEntity row, Completion completion)
    {
        LongText.Write(row, "Text", completion.Text);
        row[Parts] = PartLengths.Write(completion.Parts);
        row["Beat"] = completion.Heartbeat;
    }

    /// <summary>
    /// Versions up to 0.2.0 fail at a number in "Error" that they do not know, so they read an empty reply as
    /// unavailable.
    /// </summary>
    private static void WriteError(TableEntity row, CompletionError? error)
    {
        var isNew = error == CompletionError.Empty;
        row.SetIfAny("Error", (int?)(isNew ? CompletionError.Unavailable : error));
        row.SetIfAny("ErrorDetail", isNew ? (int?)error : null);
    }

    private static void WriteScores(TableEntity row, CompletionScores scores)
    {
        row.SetIfAny(nameof(CompletionScores.Faithfulness), scores.Faithfulness);
        row.SetIfAny(nameof(CompletionScores.AnswerRelevancy), scores.AnswerRelevancy);
        row.SetIfAny(nameof(CompletionScores.ContextPrecision), scores.ContextPrecision);
        row.SetIfAny(nameof(CompletionScores.AnswerCorrectness), scores.AnswerCorrectness);
        row.SetIfAny(nameof(CompletionScores.AnswerSimilarity), scores.AnswerSimilarity);
        row.SetIfAny(nameof(CompletionScores.ContextRecall), scores.ContextRecall);
    }
}
