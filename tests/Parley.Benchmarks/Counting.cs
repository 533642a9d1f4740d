using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Parley.Benchmarks;

/// <summary>Runs single requests and records the storage calls of each for a table.</summary>
internal sealed class Counting(TenantClient client, StorageCalls calls, SettableTime time)
{
    private readonly TextTable table = new("request", "calls", "limit", "", "of which");
    private bool allWithin = true;

    public TenantClient Client => client;

    public SettableTime Time => time;

    /// <summary>Runs a request and counts its calls.</summary>
    /// <param name="name">The name in the table.</param>
    /// <param name="limit">The maximum number of calls; null when there is no limit.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="path">The request's path.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="key">The request's Idempotency-Key.</param>
    /// <param name="only">Counts only the calls of this table.</param>
    /// <param name="authenticated">True when the API key has just been used, as in any busy hour.</param>
    /// <returns>The response.</returns>
    public async Task<JsonElement> RunAsync(
        string name, int? limit, HttpMethod method, string path, JsonObject? body = null, string? key = null, string? only = null, bool authenticated = true)
    {
        if (authenticated)
        {
            await client.SendAsync(HttpMethod.Get, "v1/conversations/1");
        }

        calls.TakeAll();
        var answer = await client.SendAsync(method, path, body, key);
        Add(name, limit, calls.TakeAll().Where(call => only is null || call.Table == only).ToList());
        return answer;
    }

    /// <summary>Runs work that is not an API request and counts its calls.</summary>
    /// <param name="name">The name in the table.</param>
    /// <param name="limit">The maximum number of calls; null when there is no limit.</param>
    /// <param name="work">The work.</param>
    public async Task RunAsync(string name, int? limit, Func<Task> work)
    {
        calls.TakeAll();
        await work();
        Add(name, limit, calls.TakeAll());
    }

    /// <summary>Prints the table; false when a limit was exceeded.</summary>
    public bool Print()
    {
        table.Print();
        Console.WriteLine(allWithin ? "  Every limit is met." : "  A limit is EXCEEDED.");
        return allWithin;
    }

    private void Add(string name, int? limit, IReadOnlyCollection<StorageCall> made)
    {
        var within = limit is null || made.Count <= limit;
        allWithin &= within;
        table.Add(name, Text(made.Count), limit is { } most ? Text(most) : "", limit is null ? "" : within ? "met" : "EXCEEDED", Describe(made));
    }

    /// <summary>Groups equal calls into one item: <c>2 × Conversations query (14 + 1 rows)</c>.</summary>
    private static string Describe(IEnumerable<StorageCall> made) => string.Join(", ", made.GroupBy(call => (call.Table, call.Kind, call.Status)).Select(alike =>
        (alike.Count() > 1 ? $"{alike.Count()} × " : "")
        + $"{alike.Key.Table} {alike.Key.Kind}"
        + (alike.Key.Kind is "query" or "transaction" ? $" ({RowsOf([.. alike])})" : "")
        + (alike.Key.Status is >= 200 and < 300 ? "" : $" (status {alike.Key.Status})")));

    private static string RowsOf(IReadOnlyList<StorageCall> alike) => alike.Count > 1 && alike.All(call => call.Entities == alike[0].Entities)
        ? $"{alike[0].Entities} rows each"
        : $"{string.Join(" + ", alike.Select(call => call.Entities))} rows";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
