using System.Buffers;
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

    public static async Task<Completion?> FindAsync(
        ParleyTables tables,
        MessageKey key,
        CancellationToken cancellation)
    {
        var row = await tables.Conversations.FindAsync(
            key.Conversation.PartitionKey, CompletionRowKeys.Completion(key.Sequence), cancellation);
        return row is null ? null : Read(row, key.Conversation);
    }

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
        Text = LongText.Read(row, "Text")!,
        Parts = ReadParts(row.GetBinary(Parts)),
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

    /// <summary>
    /// The producer's write of the whole text so far. To be merged, because clients may write other properties.
    /// </summary>
    public static TableEntity TextAppended(Completion completion)
    {
        var row = Empty(completion);
        WriteText(row, completion);
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
        var row = TextAppended(completion);
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
        row[Parts] = WriteParts([.. completion.Parts.Select(_ => 0)]);
        return row;
    }

    private static TableEntity Empty(Completion completion) =>
        new(completion.Key.Conversation.PartitionKey, CompletionRowKeys.Completion(completion.Key.Sequence));

    private static void WriteText(TableEntity row, Completion completion)
    {
        LongText.Write(row, "Text", completion.Text);
        row[Parts] = WriteParts(completion.Parts);
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

    /// <summary>
    /// Encodes each length in seven bits a byte, the lowest first; the eighth bit is set when more bytes follow.
    /// </summary>
    private static byte[] WriteParts(ImmutableList<int> parts)
    {
        var bytes = new ArrayBufferWriter<byte>(parts.Count + 2);
        foreach (var part in parts)
        {
            var rest = (uint)part;
            for (; rest > 0x7F; rest >>= 7)
            {
                bytes.Write([(byte)(rest | 0x80)]);
            }

            bytes.Write([(byte)rest]);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static ImmutableList<int> ReadParts(byte[] bytes)
    {
        var parts = ImmutableList.CreateBuilder<int>();
        var (part, shift) = (0, 0);
        foreach (var one in bytes)
        {
            part |= (one & 0x7F) << shift;
            shift += 7;
            if (one <= 0x7F)
            {
                parts.Add(part);
                (part, shift) = (0, 0);
            }
        }

        return parts.ToImmutable();
    }
}
