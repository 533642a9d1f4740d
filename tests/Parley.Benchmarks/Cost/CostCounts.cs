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
    QuarterHour,
}

/// <summary>The counted work of something that Parley does, summed over all that were counted.</summary>
/// <param name="Name">For people.</param>
/// <param name="Per">The unit of use that causes it once.</param>
/// <param name="Times">How many were counted.</param>
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
    /// <summary>All requests to Table Storage.</summary>
    [JsonIgnore]
    public int TableTransactions => TableCalls.Values.Sum();
}

/// <summary>docs/cost-counts.json, which <see cref="CostScenario"/> counts.</summary>
/// <param name="MessagesPerConversation">In the scenario.</param>
/// <param name="TableBytesPerMessage">What stays in the tables, conversations and lists included.</param>
/// <param name="ExportBytesPerMessage">Bytes of the export's file (csv).</param>
/// <param name="Activities">All of the month's.</param>
internal sealed record CostCounts(
    int MessagesPerConversation,
    decimal TableBytesPerMessage,
    decimal ExportBytesPerMessage,
    IReadOnlyList<CostActivity> Activities)
{
    /// <summary>Reads the file's text.</summary>
    public static CostCounts Parse(string json) => CostJson.Read<CostCounts>(json, "docs/cost-counts.json");

    /// <summary>The file's text.</summary>
    public string ToJson() => CostJson.Write(this);
}
