using System.Text.Json;
using Parley.DevHost;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Parley.Tests.Operations;
using Xunit;

namespace Parley.Tests.Compatibility;

/// <summary>
/// Compares the responses of each operation, both success and refusals, with <c>Golden/operations.json</c>.
/// </summary>
public class OperationResponsesTests
{
    private const int ShownDifferences = 3;

    private static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    internal static readonly string GoldenPath = Path.Combine(GoldenStore.Folder, "operations.json");

    [Fact]
    public async Task Responses_equal_the_golden_responses()
    {
        using var clock = new ManualClock();
        clock.Advance(Start - clock.GetUtcNow());
        await using var store = await OperatedStore.StartAsync();
        await using var host = await StartHostAsync(store, clock);
        using var recorded = new RecordedOperations(host.Api, clock);

        await new OperationCalls(host, clock, recorded).SendAllAsync();

        if (GoldenUpdate.IsWanted)
        {
            await File.WriteAllTextAsync(GoldenPath, $"[\n{string.Join(",\n", recorded.Entries)}\n]\n");
        }

        AssertSame(ReadGolden(entry => entry.GetRawText()), recorded.Entries);
    }

    [Fact]
    public void Every_operation_succeeds_in_the_golden_responses() =>
        Assert.Empty(OpenApiContract.Document.Operations
            .Select(operation => $"{operation.Method} {operation.Path}")
            .Except(OperationsAnswered(status => status is >= 200 and < 300)));

    [Fact]
    public void Every_operation_that_takes_a_key_is_refused_in_the_golden_responses() =>
        Assert.Empty(OpenApiContract.Document.Operations
            .Where(operation => operation.Operation["responses"]!.AsObject().ContainsKey("401"))
            .Select(operation => $"{operation.Method} {operation.Path}")
            .Except(OperationsAnswered(status => status is >= 400 and < 500)));

    private static List<string> OperationsAnswered(Func<int, bool> isWanted) => ReadGolden(entry =>
        entry.TryGetProperty("status", out var status) && isWanted(status.GetInt32())
            ? entry.GetProperty("operation").GetString() ?? ""
            : "");

    private static List<T> ReadGolden<T>(Func<JsonElement, T> read)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(GoldenPath));
        return [.. golden.RootElement.EnumerateArray().Select(read)];
    }

    private static void AssertSame(List<string> expected, IReadOnlyList<string> actual)
    {
        var count = Math.Max(expected.Count, actual.Count);
        var differences = Enumerable.Range(0, count)
            .Where(i => expected.ElementAtOrDefault(i) != actual.ElementAtOrDefault(i))
            .ToList();
        if (differences.Count > 0)
        {
            var shown = differences.Take(ShownDifferences).Select(i =>
                $"Request {i + 1}, expected:\n{expected.ElementAtOrDefault(i) ?? "none"}\n"
                + $"actual:\n{actual.ElementAtOrDefault(i) ?? "none"}");
            Assert.Fail(
                $"{differences.Count} of {count} answers differ from {GoldenPath}. If they are meant to, run with "
                + $"PARLEY_UPDATE_GOLDEN=1 and review the difference.\n\n{string.Join("\n\n", shown)}");
        }
    }

    private static Task<FunctionsHost> StartHostAsync(OperatedStore store, ManualClock clock) =>
        TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = store.ConnectionString,
            ["Parley__AdminKey"] = OperatedStore.AdminKey,
            ["Exports__SettleSeconds"] = "30",
            ["Callbacks__AllowedHosts"] = "localhost",
            ["Limits__Tenants__3__Requests"] = "1/90000s",
            ["Test__Clock"] = clock.Path,
        });
}
