using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Parley.Tests.Functions.Api.Effort;

namespace Parley.Tests.Bounds;

/// <summary>What a request costs.</summary>
/// <param name="Status">The status of the response.</param>
/// <param name="Items">The entries of the longest list in the response; at least 1.</param>
/// <param name="Calls">Storage calls.</param>
/// <param name="Rows">Rows that storage looked at.</param>
/// <param name="Bytes">Bytes sent to tables and received from them.</param>
/// <param name="Allocated">Bytes that the process allocated, storage in memory included.</param>
internal sealed record RequestCost(int Status, int Items, long Calls, long Rows, long Bytes, long Allocated)
{
    /// <summary>
    /// The body of the response. Kept, because a new large array in each call would have the whole store collected.
    /// </summary>
    private static readonly MemoryStream Answer = new(1 << 20);

    /// <summary>The path and query of the next page; null when there is none.</summary>
    public string? Next { get; private init; }

    public static async Task<RequestCost> MeasureAsync(InProcessApi api, HttpRequestMessage request)
    {
        var target = $"/{request.RequestUri}".Split('?');
        var context = api.NewRequest($"{request.Method}", target[0]);
        context.Request.QueryString = target.Length > 1 ? new QueryString($"?{target[1]}") : default;
        if (request.Content is { } content)
        {
            context.Request.Body = new MemoryStream(await content.ReadAsByteArrayAsync());
            context.Request.ContentType = $"{content.Headers.ContentType}";
            context.Request.ContentLength = context.Request.Body.Length;
        }

        Answer.SetLength(0);
        context.Response.Body = Answer;
        var call = api.Prepare(context);
        var (connection, allocated) = (api.Connection, GC.GetTotalAllocatedBytes(precise: true));
        var (calls, rows, bytes) = (connection.Calls, connection.RowsScanned, connection.Bytes);
        await api.RunAsync(call);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var body = JsonOf(context.Response, Answer);
        return new RequestCost(
            context.Response.StatusCode,
            Math.Max(1, LongestList(body)),
            connection.Calls - calls,
            connection.RowsScanned - rows,
            connection.Bytes - bytes,
            allocated)
        {
            Next = NextOf(context.Response, body),
        };
    }

    /// <summary>The most that a request may cost on a larger store, for as many entries in its answer.</summary>
    public RequestCost Limit(int items, double factor, RequestCost constant) => this with
    {
        Items = items,
        Calls = (long)(factor * Calls * items / Items) + constant.Calls,
        Rows = (long)(factor * Rows * items / Items) + constant.Rows,
        Bytes = (long)(factor * Bytes * items / Items) + constant.Bytes,
        Allocated = (long)(factor * Allocated * items / Items) + constant.Allocated,
    };

    /// <summary>The lower cost of two measures of one request: what the runtime does beside it is not its own.</summary>
    public static RequestCost Min(RequestCost one, RequestCost other) => one with
    {
        Calls = Math.Min(one.Calls, other.Calls),
        Rows = Math.Min(one.Rows, other.Rows),
        Bytes = Math.Min(one.Bytes, other.Bytes),
        Allocated = Math.Min(one.Allocated, other.Allocated),
    };

    public override string ToString() =>
        $"{Status}, {Items} items: {Calls} calls, {Rows} rows, {Bytes} bytes, {Allocated / 1024} KiB allocated";

    private static JsonNode? JsonOf(HttpResponse response, MemoryStream answer) =>
        answer.Length > 0 && response.ContentType?.Contains("json", StringComparison.Ordinal) is true
            && !response.ContentType.Contains("jsonl", StringComparison.Ordinal)
            ? JsonNode.Parse(answer.ToArray())
            : null;

    private static int LongestList(JsonNode? node) => node switch
    {
        JsonArray list => Math.Max(list.Count, list.Select(LongestList).DefaultIfEmpty().Max()),
        JsonObject members => members.Select(member => LongestList(member.Value)).DefaultIfEmpty().Max(),
        _ => 0,
    };

    private static string? NextOf(HttpResponse response, JsonNode? body)
    {
        var link = response.Headers.Link.ToString();
        var url = link.Contains("rel=\"next\"", StringComparison.Ordinal)
            ? link[(link.IndexOf('<', StringComparison.Ordinal) + 1)..link.IndexOf('>', StringComparison.Ordinal)]
            : (body as JsonObject)?["next"] is JsonValue value && value.GetValueKind() == JsonValueKind.String
                ? $"{value}"
                : null;
        return url is null ? null : new Uri(url).PathAndQuery["/api/".Length..];
    }
}
