using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Conversations;
using Parley.Conversations.Messages;

namespace Parley.Benchmarks;

/// <summary>
/// Answers the reads of the table Conversations itself, with rows that are computed from their keys: a million messages
/// need not be stored first, and each process reads the same ones. All other requests go on to storage.
/// </summary>
internal sealed partial class GeneratedMessages : DelegatingHandler
{
    public const int MessagesEach = 1_000;

    private const int PageRows = 1_000;

    /// <summary>The time of the first message of a conversation, an hour after that of the one before.</summary>
    public static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string[] texts;

    public GeneratedMessages()
        : base(new SocketsHttpHandler())
    {
        var random = new Random(1);
        texts = [.. Enumerable.Range(0, 2_000).Select(_ => SampleText.Next(random))];
    }

    public static DateTimeOffset StartOf(int conversation) => Start.AddHours(conversation);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = Uri.UnescapeDataString(request.RequestUri!.ToString());
        if (request.Method != HttpMethod.Get || !url.Contains("/Conversations(", StringComparison.Ordinal))
        {
            return base.SendAsync(request, cancellationToken);
        }

        var partition = Partition().Match(url).Groups["key"].Value;
        var conversation = int.Parse(partition.AsSpan(partition.IndexOf('|') + 1), CultureInfo.InvariantCulture);
        var query = System.Web.HttpUtility.ParseQueryString(request.RequestUri.Query);
        if (query["$filter"] is null)
        {
            return Task.FromResult(Respond(Json(writer => WriteHead(writer, partition)), next: null, partition));
        }

        // 0 stands for the head. A query continues at a key, or begins behind a message or at the head.
        var first = query["NextRowKey"] is { } next ? NumberOf(next) : FirstMessage().Match(url) is { Success: true } begin ? NumberOf(begin.Groups["key"].Value) : 0;
        var last = Math.Min(first + PageRows - 1, MessagesEach);
        var body = Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("value");
            for (var number = first; number <= last; number++)
            {
                if (number == 0)
                {
                    WriteHead(writer, partition);
                }
                else
                {
                    WriteMessage(writer, partition, conversation, number);
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        return Task.FromResult(Respond(body, last < MessagesEach ? MessageRowKeys.Message(last + 1) : null, partition));
    }

    private static int NumberOf(string rowKey) => int.Parse(rowKey.AsSpan(rowKey.IndexOf('|') + 1), CultureInfo.InvariantCulture);

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            write(writer);
        }

        return stream.ToArray();
    }

    private static HttpResponseMessage Respond(byte[] body, string? next, string partition)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(body) };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json;odata=minimalmetadata;streaming=true;charset=utf-8");
        response.Headers.TryAddWithoutValidation("x-ms-version", "2019-02-02");
        if (next is not null)
        {
            response.Headers.TryAddWithoutValidation("x-ms-continuation-NextPartitionKey", partition);
            response.Headers.TryAddWithoutValidation("x-ms-continuation-NextRowKey", next);
        }

        return response;
    }

    private static void WriteHead(Utf8JsonWriter writer, string partition)
    {
        WriteKeys(writer, partition, ConversationRowKeys.Head, Start);
        writer.WriteString("Title", "Order and delivery");
        writer.WriteEndObject();
    }

    private void WriteMessage(Utf8JsonWriter writer, string partition, int conversation, int number)
    {
        var at = StartOf(conversation).AddSeconds(number);
        WriteKeys(writer, partition, MessageRowKeys.Message(number), at);
        writer.WriteString("WriteId", "AAAAAAAAAAAAAAAA");
        writer.WriteString("Check@odata.type", "Edm.Int64");
        writer.WriteString("Check", "7");
        writer.WriteNumber("Rev", 1);
        writer.WriteNumber("Role", 1 + (number % 2));
        writer.WriteString("Type", "text");
        writer.WriteString("Text", texts[((conversation * MessagesEach) + number) % texts.Length]);
        writer.WriteString("CreatedAt@odata.type", "Edm.DateTime");
        writer.WriteString("CreatedAt", at);
        writer.WriteString("UpdatedAt@odata.type", "Edm.DateTime");
        writer.WriteString("UpdatedAt", at);
        writer.WriteString("UserName", "Ana Souza");
        writer.WriteEndObject();
    }

    private static void WriteKeys(Utf8JsonWriter writer, string partition, string rowKey, DateTimeOffset at)
    {
        writer.WriteStartObject();
        writer.WriteString("odata.etag", "W/\"datetime'2025-01-01T00%3A00%3A00Z'\"");
        writer.WriteString("PartitionKey", partition);
        writer.WriteString("RowKey", rowKey);
        writer.WriteString("Timestamp@odata.type", "Edm.DateTime");
        writer.WriteString("Timestamp", at);
    }

    [GeneratedRegex("PartitionKey(?: eq |=)'(?<key>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Partition();

    [GeneratedRegex("RowKey ge '(?<key>m[|][0-9]+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstMessage();
}
