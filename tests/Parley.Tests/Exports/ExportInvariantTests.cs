using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Exports;

/// <summary>
/// Every acknowledged export ends, its file is complete or absent, and its receiver gets the webhook under one id:
/// under any interleaving, with faults and crashes.
/// </summary>
public sealed class ExportInvariantTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Interleavings_keep_every_invariant()
    {
        var (ended, caught, deliveries, attempts, exact, limiter) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal), 0, 0, 0, 0);
        var (checkpoints, resumed) = (0, 0);
        await Interleaving.ExploreAsync(300, async run =>
        {
            var model = await ExportScenario.RunAsync(run, ExportOperations.Production);
            caught.UnionWith(model.Caught);
            deliveries += model.Receiver.Deliveries.Count;
            exact += model.IsExact ? 1 : 0;
            foreach (var export in model.Log.Exports)
            {
                var end = $"{export.Row.Status}, callback {export.Row.WebhookStatus}";
                ended[end] = ended.GetValueOrDefault(end) + 1;
                attempts += export.FileTakes.Count;
                checkpoints += export.Checkpoints;
                resumed += export.Resumptions;
            }

            limiter += run.Trace.Count;
        });
        output.WriteLine($"{string.Join('\n', ended.Select(each => $"{each.Value} {each.Key}"))}");
        output.WriteLine($"{attempts} attempts at files, {deliveries} deliveries; {limiter} waits for a slot; {exact} runs without lateness. Triggers caught {string.Join(", ", caught)}.");

        output.WriteLine($"{checkpoints} checkpoints, {resumed} attempts that went on behind one.");
        Assert.True(checkpoints > 0 && resumed > 0, "No attempt went on behind a checkpoint.");

        // The exceptions of the storage clients and of the write budget when storage fails. A defect would have ended
        // its run.
        Assert.Subset(new HashSet<string> { "AggregateException", "ParleyException", "RequestFailedException", "TaskCanceledException", "OperationCanceledException", "IOException" }, caught);
    }
}
