using Parley.Testing.OpenApi;
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
public sealed class BoundsTests(ITestOutputHelper output)
{
    private const int Few = 100;
    private const int Many = 100_000;
    private const double MaxFactor = 1.1;

    /// <summary>How often a request is measured; the lowest cost counts.</summary>
    private const int Rounds = 5;

    /// <summary>Entities that hold lists. Only their deletion is sent for another one each time.</summary>
    private static readonly string[] Holders = ["tenant", "conversation", "inbox", "sender", "chatbot"];

    /// <summary>How far a list is paged through.</summary>
    private const int Pages = 4;

    [Fact]
    public async Task Every_operation()
    {
        var (few, many) = (await GrownStore.CreateAsync(Few), await GrownStore.CreateAsync(Many));
        var failures = new List<string>();
        foreach (var request in DocumentedRequest.All.OrderBy(one => one.Method == "DELETE"))
        {
            // The plain requests are checked to be answered; a combination of filters may be refused.
            var isPlain = true;
            foreach (var query in RequestVariants.Of(request, kind => few.IdOf(kind, 0)))
            {
                var (small, large) = (await MeasureAsync(few, request, query), await MeasureAsync(many, request, query));
                foreach (var (name, less, more) in small.Zip(large, (one, other) => (one.Name, one.Cost, other.Cost)))
                {
                    var what = $"{request.Method} {request.Path}?{query}{name}";
                    output.WriteLine($"{what}\n    {less}\n    {more}");
                    if (isPlain && less.Status >= 300)
                    {
                        failures.Add($"{what} is refused: {less.Status}");
                    }

                    failures.AddRange(Excess(less, more).Select(excess => $"{what}: {excess}"));
                }

                isPlain = false;
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
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

    private static IEnumerable<string> Excess(RequestCost less, RequestCost more)
    {
        if (less.Status != more.Status)
        {
            yield return $"answered with {less.Status} and {more.Status}";
        }

        foreach (var (name, few, many) in new[]
        {
            ("calls", less.Calls, more.Calls),
            ("rows", less.Rows, more.Rows),
            ("bytes", less.Bytes, more.Bytes),
            ("allocated bytes", less.Allocated, more.Allocated),
        })
        {
            if ((double)many / more.Items > MaxFactor * few / less.Items)
            {
                yield return $"{name} {few} for {less.Items}, then {many} for {more.Items}";
            }
        }
    }
}
