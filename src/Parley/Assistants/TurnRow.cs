using System.Buffers;
using System.Collections.Immutable;
using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>The rows <c>t|n</c> of a conversation's partition, beside the customer's message n.</summary>
internal static class TurnRow
{
    /// <summary>
    /// A property of bytes holds at most 64 KiB (Table service data model). A part's length takes one byte, and more only when it is 128 or longer, of
    /// which a reply has fewer than 800.
    /// </summary>
    public const int MaxParts = 50_000;

    private const string Parts = "Parts";

    public static TableEntity Create(Turn turn)
    {
        var row = new TableEntity(turn.Key.Conversation.PartitionKey, RowKeys.Turn(turn.Key.Sequence))
        {
            ["Check"] = turn.Check,
            ["ConversationCheck"] = turn.ConversationCheck,
            ["Chatbot"] = turn.Chatbot,
            ["ChatbotName"] = turn.ChatbotName,
            ["AutoReply"] = turn.IsAutoReply,
            ["Status"] = (int)turn.Status,
            ["Attempt"] = turn.Attempt,
            ["ProducerId"] = turn.ProducerId,
            ["Cancel"] = turn.CancelAsked,
            ["CreatedAt"] = turn.CreatedAt,
            ["DueAt"] = turn.DueAt,
            ["FirstEvent"] = turn.FirstEvent,
            ["Rev"] = turn.Revision,
        };
        row.SetIfAny("EditId", turn.EditId);
        row.SetIfAny("Error", (int?)turn.Error);
        row.SetIfAny("RetryAfter", turn.RetryAfter?.TotalSeconds);
        row.SetIfAny("EndedAt", turn.EndedAt);
        row.SetIfAny("Reply", turn.Reply);
        WriteSaid(row, turn);
        WriteScores(row, turn.Scores);
        return row;
    }

    /// <summary>One, or null.</summary>
    public static async Task<Turn?> FindAsync(ParleyTables tables, MessageKey key, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(key.Conversation.PartitionKey, RowKeys.Turn(key.Sequence), cancellation) is { } row ? Read(row, key.Conversation) : null;

    public static Turn Read(TableEntity row, ConversationKey conversation) => new()
    {
        Key = new MessageKey(conversation, RowKeys.LastNumber(row.RowKey)),
        Check = row.GetInt64("Check")!.Value,
        ConversationCheck = row.GetInt64("ConversationCheck")!.Value,
        Chatbot = row.GetGuid("Chatbot")!.Value,
        ChatbotName = row.GetString("ChatbotName"),
        IsAutoReply = row.GetBoolean("AutoReply")!.Value,
        Status = (TurnStatus)row.GetInt32("Status")!.Value,
        Error = (TurnError?)row.GetInt32("Error"),
        RetryAfter = row.GetDouble("RetryAfter") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Attempt = row.GetInt32("Attempt")!.Value,
        ProducerId = row.GetString("ProducerId"),
        Beat = row.GetInt32("Beat")!.Value,
        CancelAsked = row.GetBoolean("Cancel")!.Value,
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        DueAt = row.GetDateTimeOffset("DueAt")!.Value,
        EndedAt = row.GetDateTimeOffset("EndedAt"),
        Text = LongText.Read(row, "Text")!,
        Parts = ReadParts(row.GetBinary(Parts)),
        FirstEvent = row.GetInt32("FirstEvent")!.Value,
        Reply = row.GetInt32("Reply"),
        Scores = new TurnScores(
            row.GetDouble(nameof(TurnScores.Faithfulness)),
            row.GetDouble(nameof(TurnScores.AnswerRelevancy)),
            row.GetDouble(nameof(TurnScores.ContextPrecision)),
            row.GetDouble(nameof(TurnScores.AnswerCorrectness)),
            row.GetDouble(nameof(TurnScores.AnswerSimilarity)),
            row.GetDouble(nameof(TurnScores.ContextRecall))),
        Revision = row.GetInt32("Rev")!.Value,
        EditId = row.GetString("EditId"),
        ETag = row.ETag,
    };

    /// <summary>What the one who speaks writes: all that has been said. To be merged, for clients may write beside it.</summary>
    public static TableEntity Said(Turn turn)
    {
        var row = Empty(turn);
        WriteSaid(row, turn);
        return row;
    }

    /// <summary>A sign of life of the one who speaks, when nothing has been said since. To be merged.</summary>
    public static TableEntity Lives(Turn turn)
    {
        var row = Empty(turn);
        row["Beat"] = turn.Beat;
        return row;
    }

    /// <summary>Said, and ended. To be merged.</summary>
    public static TableEntity Ended(Turn turn)
    {
        var row = Said(turn);
        row["Status"] = (int)TurnStatus.Ended;
        row["EndedAt"] = turn.EndedAt;
        row.SetIfAny("Error", (int?)turn.Error);
        row.SetIfAny("RetryAfter", turn.RetryAfter?.TotalSeconds);
        row.SetIfAny("Reply", turn.Reply);
        return row;
    }

    /// <summary>A client asks for its end. To be merged, whatever the row's ETag: whoever speaks looks when its next write fails.</summary>
    public static TableEntity CancelAsked(Turn turn)
    {
        var row = Empty(turn);
        row["Cancel"] = true;
        return row;
    }

    /// <summary>Forgets what was said: the reply has been deleted. The events stay, each of nothing, so that no number ever names another one. To be merged.</summary>
    public static TableEntity Forgotten(Turn turn)
    {
        var row = Empty(turn);
        LongText.Clear(row, "Text", ReplyText.MaxLength);
        row[Parts] = WriteParts([.. turn.Parts.Select(_ => 0)]);
        return row;
    }

    private static TableEntity Empty(Turn turn) => new(turn.Key.Conversation.PartitionKey, RowKeys.Turn(turn.Key.Sequence));

    private static void WriteSaid(TableEntity row, Turn turn)
    {
        LongText.Write(row, "Text", turn.Text);
        row[Parts] = WriteParts(turn.Parts);
        row["Beat"] = turn.Beat;
    }

    private static void WriteScores(TableEntity row, TurnScores scores)
    {
        row.SetIfAny(nameof(TurnScores.Faithfulness), scores.Faithfulness);
        row.SetIfAny(nameof(TurnScores.AnswerRelevancy), scores.AnswerRelevancy);
        row.SetIfAny(nameof(TurnScores.ContextPrecision), scores.ContextPrecision);
        row.SetIfAny(nameof(TurnScores.AnswerCorrectness), scores.AnswerCorrectness);
        row.SetIfAny(nameof(TurnScores.AnswerSimilarity), scores.AnswerSimilarity);
        row.SetIfAny(nameof(TurnScores.ContextRecall), scores.ContextRecall);
    }

    /// <summary>Seven bits a byte, the lowest first; the eighth says that more follow.</summary>
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
