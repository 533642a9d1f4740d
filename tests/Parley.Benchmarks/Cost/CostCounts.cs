using System.Text.Json.Serialization;

namespace Parley.Benchmarks.Cost;

/// <summary>The unit of use that causes an activity once.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CostUnit>))]
internal enum CostUnit
{
    Message,
    Conversation,
    Export,
    Minute,
    FiveMinutes,
    QuarterHour,
}

/// <summary>The counted work of one activity of Parley, summed over all repetitions.</summary>
/// <param name="Name">The display name.</param>
/// <param name="Per">The unit of use that causes it once.</param>
/// <param name="Times">The number of repetitions.</param>
/// <param name="Requests">HTTP executions.</param>
/// <param name="Runs">Executions of timers and queue messages.</param>
/// <param name="TableCalls">Requests to Table Storage by kind; a transaction of several rows is one.</param>
/// <param name="BlobWrites">Blob writes, lists and container creations. Deletions are free and not counted.</param>
/// <param name="BlobReads">Blob reads and all other operations.</param>
/// <param name="QueueMessages">Queue messages sent.</param>
/// <param name="BytesOut">Bytes of response bodies.</param>
internal sealed record CostActivity(
    string Name,
    CostUnit Per,
    int Times,
    int Requests,
    int Runs,
    SortedDictionary<string, int> TableCalls,
    int BlobWrites,
    int BlobReads,
    int QueueMessages,
    long BytesOut)
{
    /// <summary>Reads of a queue's length.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int QueueReads { get; init; }

    [JsonIgnore]
    public int TableTransactions => TableCalls.Values.Sum();
}

/// <summary>The content of docs/cost-counts.json, which <see cref="CostScenario"/> counts.</summary>
/// <param name="MessagesPerConversation">The number in the scenario.</param>
/// <param name="TableBytesPerMessage">The bytes that remain in the tables, including conversations and lists.</param>
/// <param name="ExportBytesPerMessage">Bytes of the export's file (csv).</param>
/// <param name="Activities">All activities of the month.</param>
internal sealed record CostCounts(
    int MessagesPerConversation,
    decimal TableBytesPerMessage,
    decimal ExportBytesPerMessage,
    IReadOnlyList<CostActivity> Activities)
{
    public static CostCounts Parse(string json) => CostJson.Read<CostCounts>(json, "docs/cost-counts.json");

    public string ToJson() => CostJson.Write(this);
}
