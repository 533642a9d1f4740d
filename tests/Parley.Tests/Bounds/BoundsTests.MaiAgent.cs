using Microsoft.AspNetCore.Http;
using Parley.Tenants;
using Parley.Tests.Functions.Api.Effort;
using Xunit;

namespace Parley.Tests.Bounds;

// What MaiAgent's clients get of the lists: last messages, page numbers, and the newest messages of all conversations.
public sealed partial class BoundsTests
{
    /// <summary>
    /// The partitions of the list by activity have more rows than the hundred conversations that are read. A store with
    /// a hundred conversations has no more.
    /// </summary>
    private static readonly RequestCost BeyondAHundred = new(0, 0, Calls: 0, Rows: 50, Bytes: 50 * 140, Allocated: 50 * 1_400);

    private async Task<IReadOnlyList<string>> ExcessForMaiAgentAsync(GrownStore few, GrownStore many)
    {
        var (small, large) = (
            await few.Api.WithDialectAsync(Dialect.Maiagent), await many.Api.WithDialectAsync(Dialect.Maiagent));
        var failures = new List<string>();
        foreach (var (path, same, constant) in new[]
        {
            ("v1/conversations?pageSize=20", null, Counting),
            ("v1/messages?pageSize=20", null, BeyondAHundred),
            ($"v1/messages?pageSize=20&conversation={few.IdOf("conversation", 0)}", null, None),
            ("v1/chatbots?pageSize=20&page=1", null, None),
            ("v1/chatbots?pageSize=20&page=4999", "v1/chatbots?pageSize=20&page=4", None),
            ("v1/contacts?pageSize=20&page=4999", "v1/contacts?pageSize=20&page=4", None),
            ($"v1/chatbots/{few.IdOf("chatbot", 0)}/records?pageSize=20", null, Counting),
        })
        {
            var (less, more) = (
                await MeasureAsync(few, small, same ?? path), await MeasureAsync(many, large, path));
            output.WriteLine($"MaiAgent's {path}\n    {less}\n    {more}");
            failures.AddRange(Excess(less.Limit(more.Items, MaxFactor, constant), more)
                .Select(excess => $"MaiAgent's {path}: {excess}"));
        }

        return failures;

        // The ids of the two stores differ in their random bits.
        async Task<RequestCost> MeasureAsync(GrownStore store, InProcessApi api, string path)
        {
            RequestCost? best = null;
            for (var round = 0; round < Rounds; round++)
            {
                using var sent = new HttpRequestMessage(
                    HttpMethod.Get,
                    path.Replace(few.IdOf("conversation", 0), store.IdOf("conversation", 0), StringComparison.Ordinal)
                        .Replace(few.IdOf("chatbot", 0), store.IdOf("chatbot", 0), StringComparison.Ordinal));
                var cost = await RequestCost.MeasureAsync(api, sent);
                Assert.Equal(StatusCodes.Status200OK, cost.Status);
                best = best is null ? cost : RequestCost.Min(best, cost);
            }

            return best!;
        }
    }
}
