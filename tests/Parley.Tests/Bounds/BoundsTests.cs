using Microsoft.AspNetCore.Http;
using Parley.Tenants;
using Parley.Testing.OpenApi;
using Parley.Tests.Functions.Api.Effort;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Bounds;

/// <summary>
/// No request costs more than its answer: every operation of docs/openapi.yaml, which a test holds equal to the app's
/// routes, with every filter that the document describes, on a store with a hundred entries in every list and on one
/// with a hundred thousand. An answered entry may cost at most a tenth more on the second.
/// No other test of the process runs beside them: its allocations would be counted.
/// </summary>
[Collection(nameof(BoundsTests))]
[CollectionDefinition(nameof(BoundsTests), DisableParallelization = true)]
public sealed partial class BoundsTests(ITestOutputHelper output)
{
    private const int Few = 100;
    private const int Many = 100_000;
    private const double MaxFactor = 1.1;

    /// <summary>How often a request is measured; the lowest cost counts.</summary>
    private const int Rounds = 5;

    /// <summary>It refuses more than ten thousand records, and says where to go.</summary>
    private const string Workbook = "GET /v1/chatbots/{id}/records/export-excel";

    /// <summary>
    /// What answers count: at most a thousand keys, the most that a call returns, and whether there are more.
    /// </summary>
    private static readonly RequestCost Counting = new(0, 0, Calls: 2, Rows: 1_001, Bytes: 1_001 * 140, Allocated: 1_001 * 1_400);

    private static readonly RequestCost None = new(0, 0, 0, 0, 0, 0);

    /// <summary>The constant part of the cost of operations that count.</summary>
    private static readonly Dictionary<string, RequestCost> Constants = new()
    {
        // The unread conversations of the inbox.
        ["POST /v1/conversations"] = Counting,
        ["GET /v1/conversations"] = Counting,
        ["GET /v1/conversations/{id}"] = Counting,
        ["PATCH /v1/conversations/{id}"] = Counting,

        // The inboxes, of which at most a thousand are listed and counted.
        ["GET /v1/inboxes"] = Counting with { Bytes = 1_001 * 280, Allocated = 1_001 * 2_800 },

        // Filters without a list look through the rows of the thousand conversations that were last active. Of the
        // partitions together half as many again are read.
        ["GET /v1/chats"] = new(0, 0, Calls: 8, Rows: 1_800, Bytes: 1_800 * 280, Allocated: 1_800 * 2_800),

        // All records of the chatbot; before a workbook up to ten thousand, because one of more is refused.
        ["GET /v1/chatbots/{id}/records"] = Counting,
        [Workbook] = new(0, 0, Calls: 11, Rows: 11_000, Bytes: 11_000 * 140, Allocated: 11_000 * 1_400),
    };

    /// <summary>
    /// Operations whose example does not fit the store's state. Their other cases are counted by StorageCallTests.
    /// </summary>
    private static readonly string[] Refused =
    [
        "PATCH /v1/tickets/{id}",
        "POST /v1/chat-message-follow-ups",
        "POST /v1/chat-messages/export",
        "POST /v1/uploads/{id}",
        "POST /v1/attachments",
        "POST /v1/conversations/{id}/attachments",
        "POST /v1/chatbots/{id}/records/export",
        "POST /v1/admin/tenants/{id}/keys/{keyId}/rotate",
        "POST /v1/oauth/token",
        "POST /oauth/token",
        "DELETE /v1/keys/{keyId}",
    ];

    /// <summary>Entities that hold lists. Only their deletion is sent for another one each time.</summary>
    private static readonly string[] Holders = ["tenant", "conversation", "inbox", "sender", "chatbot"];

    /// <summary>How far a list is paged through.</summary>
    private const int Pages = 4;

    [Fact]
    public async Task Every_operation()
    {
        var (few, many) = (await GrownStore.CreateAsync(Few), await GrownStore.CreateAsync(Many));

        // Before the operations, of which the last ones delete the tenant.
        var failures = new List<string>();
        failures.AddRange(await ExcessOfNumberedPagesAsync(few, many));
        failures.AddRange(await ExcessForMaiAgentAsync(few, many));
        var answered = new List<(string Operation, int Status)>();
        foreach (var request in DocumentedRequest.All.OrderBy(one => one.Method == "DELETE"))
        {
            // The plain requests are checked to be answered; a combination of filters may be refused.
            var isPlain = true;
            var operation = $"{request.Method} {request.Path}";
            foreach (var query in RequestVariants.Of(request, kind => few.IdOf(kind, 0)))
            {
                var (small, large) = (await MeasureAsync(few, request, query), await MeasureAsync(many, request, query));
                foreach (var (name, less, more) in small.Zip(large, (one, other) => (one.Name, one.Cost, other.Cost)))
                {
                    var what = $"{request.Method} {request.Path}?{query}{name}";
                    output.WriteLine($"{what}\n    {less}\n    {more}");
                    if (isPlain && name.Length == 0)
                    {
                        answered.Add((operation, less.Status));
                    }

                    var constant = Constants.GetValueOrDefault(operation, None);
                    if (less.Status != more.Status && (operation, more.Status) != (Workbook, StatusCodes.Status422UnprocessableEntity))
                    {
                        failures.Add($"{what} is answered with {less.Status} and {more.Status}");
                    }

                    failures.AddRange(Excess(less.Limit(more.Items, MaxFactor, constant), more).Select(excess => $"{what}: {excess}"));
                }

                isPlain = false;
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal(
            Refused.Order(StringComparer.Ordinal),
            answered.Where(one => one.Status >= 300).Select(one => one.Operation).Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// Flextell's list of conversations has page numbers: the first page, one in the middle and the last one of a large
    /// store cost as much as one of a small store. A search looks through a thousand rows at most.
    /// </summary>
    private async Task<IReadOnlyList<string>> ExcessOfNumberedPagesAsync(GrownStore few, GrownStore many)
    {
        var (small, large) = (
            await few.Api.WithDialectAsync(Dialect.Flextell), await many.Api.WithDialectAsync(Dialect.Flextell));
        var failures = new List<string>();
        foreach (var (query, same, constant) in new[]
        {
            ("page=1", "page=1", None),
            ("page=5000", "page=5", None),
            ("page=10000", "page=10", None),
            ("page=20000", "page=20", None),
            ("search=ana", "search=ana", Counting with { Bytes = 1_001 * 280, Allocated = 1_001 * 2_800 }),
            ("channel_type=whatsapp&page=9", "channel_type=whatsapp&page=9", Counting with { Bytes = 1_001 * 280, Allocated = 1_001 * 2_800 }),
            ("search=nobody", "search=nobody", Counting with { Bytes = 1_001 * 280, Allocated = 1_001 * 2_800 }),
        })
        {
            var (less, more) = (await MeasureAsync(small, same), await MeasureAsync(large, query));
            output.WriteLine($"Flextell's conversations?{query}\n    {less}\n    {more}");
            failures.AddRange(Excess(less.Limit(more.Items, MaxFactor, constant), more)
                .Select(excess => $"Flextell's conversations?{query}: {excess}"));
        }

        return failures;

        static async Task<RequestCost> MeasureAsync(InProcessApi api, string query)
        {
            RequestCost? best = null;
            for (var round = 0; round < Rounds; round++)
            {
                using var sent = new HttpRequestMessage(
                    HttpMethod.Get, $"v1/conversations?per_page={RequestVariants.PageSize}&{query}");
                var cost = await RequestCost.MeasureAsync(api, sent);
                Assert.Equal(StatusCodes.Status200OK, cost.Status);
                best = best is null ? cost : RequestCost.Min(best, cost);
            }

            return best!;
        }
    }

    private static async Task<List<(string Name, RequestCost Cost)>> MeasureAsync(
        GrownStore store, DocumentedRequest request, string query)
    {
        RequestCost? best = null;
        for (var round = 0; round < Rounds; round++)
        {
            var number = round;
            using var sent = request.Create(IdOf, query: query);
            var cost = await RequestCost.MeasureAsync(store.Api, sent);
            best = best is null ? cost : RequestCost.Min(best, cost);
            if (cost.Calls > 100)
            {
                break;
            }

            // What a request changes is another entity in each round.
            string IdOf(string kind) => store.IdOf(
                kind,
                request.Method == "GET" || (request.Method != "DELETE" && Holders.Contains(kind)) ? 0 : number);
        }

        var measured = new List<(string, RequestCost)> { ("", best!) };
        var next = best!.Next;
        for (var page = 2; page <= Pages && next is not null; page++)
        {
            RequestCost? pages = null;
            for (var round = 0; round < Rounds; round++)
            {
                using var sent = new HttpRequestMessage(HttpMethod.Get, next);
                var cost = await RequestCost.MeasureAsync(store.Api, sent);
                pages = pages is null ? cost : RequestCost.Min(pages, cost);
            }

            measured.Add(($", page {page}", pages!));
            next = pages!.Next;
        }

        return measured;
    }

    private static IEnumerable<string> Excess(RequestCost limit, RequestCost more)
    {
        foreach (var (name, most, cost) in new[]
        {
            ("calls", limit.Calls, more.Calls),
            ("rows", limit.Rows, more.Rows),
            ("bytes", limit.Bytes, more.Bytes),
            ("allocated bytes", limit.Allocated, more.Allocated),
        })
        {
            if (cost > most)
            {
                yield return $"{cost} {name} for {more.Items} entries instead of at most {most}";
            }
        }
    }
}
