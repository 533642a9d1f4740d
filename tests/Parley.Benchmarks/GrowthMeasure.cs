using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.Exports;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Posts, lists, sends follow-ups and exports in one tenant with ten thousand, a hundred thousand and a million
/// messages. The slope is the factor of a figure from one size to the next, tenfold one: 1 means that the number of
/// rows does not matter.
/// </summary>
internal static class GrowthMeasure
{
    private const int AtOnce = 8;
    private const int FollowUps = 500;
    private const int Posted = 40;

    /// <summary>The smallest size is measured more often: the first times warm up the code.</summary>
    private const int WarmUps = 2;

    private const int PerPage = 50;
    private const double MaxSlope = 1.1;
    private static readonly int[] Sizes = [10_000, 100_000, 1_000_000];

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"growth: one tenant with {string.Join(", ", Sizes)} messages, {GrowthSeed.MessagesEach} a conversation; storage: {options.Storage}");
        if (options.Storage == StorageKind.Azurite)
        {
            throw new BenchmarkException("growth fills the storage server; Azurite would take hours. Use --storage cloud or fast.");
        }

        var exports = new KeptMessages<ExportStep>();
        await using var system = await StartedSystem.StartAsync((services, _) => services.AddSingleton<IWorkQueue<ExportStep>>(exports), kind: options.Storage);
        using var client = await system.NewTenantAsync();
        var begun = TimeProvider.System.GetUtcNow().AddHours(-1);
        using var seed = await GrowthSeed.MakeAsync(client, system);
        var figures = new List<Dictionary<string, double>>();
        for (var number = -WarmUps; number < Sizes.Length; number++)
        {
            var size = Sizes[Math.Max(0, number)];
            await system.Storage.PauseAsync();
            await seed.FillAsync(size, begun);
            var measured = await MeasureAsync(system, client, seed, exports, begun, size, options);
            if (number >= 0)
            {
                figures.Add(measured);
            }

            Console.WriteLine($"  measured {size} messages{(number < 0 ? ", to warm up" : "")}");
        }

        Print(figures);
        return true;
    }

    private static async Task<Dictionary<string, double>> MeasureAsync(
        StartedSystem system, TenantClient client, GrowthSeed seed, KeptMessages<ExportStep> exports, DateTimeOffset begun, int size, BenchOptions options)
    {
        var posted = new List<ConversationKey>();
        while (posted.Count < Posted)
        {
            posted.Add(await client.CreateConversationAsync());
        }

        await system.Storage.BeginAsync();
        var post = await Load.RunAsync(AtOnce, options.RoundLength, int.MaxValue, worker =>
        {
            // No two workers write to one conversation.
            var (random, mine) = (new Random(worker), posted.Where((_, i) => i % AtOnce == worker).ToList());
            return () => client.PostAsync(TenantClient.Messages(mine[random.Next(mine.Count)]), TenantClient.Message(SampleText.Next(random)));
        }, system.Storage);
        var list = await Load.RunAsync(AtOnce, options.RoundLength, int.MaxValue, worker =>
        {
            var random = new Random(worker);
            return () => client.GetAsync(
                $"{TenantClient.Messages(new ConversationKey(client.Tenant, seed.Filled[random.Next(seed.Filled.Count)]))}?per_page={PerPage}&page={1 + random.Next(GrowthSeed.MessagesEach / PerPage)}");
        }, system.Storage);
        var sent = await FollowUpMeasure.SendDueAsync(system, FollowUps);

        await system.Storage.BeginAsync();
        var (cpu, storageCpu) = (Environment.CpuUsage.TotalTime, system.Storage.Cpu);
        var (export, elapsed) = await ExportRun.RunAsync(system, exports, client, "csv", begun, begun.AddMinutes(30));
        if (export.Rows != size)
        {
            throw new BenchmarkException($"{export.Rows} messages were exported, not {size}.");
        }

        return new Dictionary<string, double>
        {
            [$"post: p50 ms, {AtOnce} at once"] = post.P50,
            ["post: processor ms, without storage"] = post.CpuMilliseconds,
            ["post: processor ms of the storage"] = post.StorageMilliseconds,
            [$"page of {PerPage}: p50 ms, {AtOnce} at once"] = list.P50,
            ["page: processor ms, without storage"] = list.CpuMilliseconds,
            ["page: processor ms of the storage"] = list.StorageMilliseconds,
            [$"send {FollowUps} follow-ups: ms each"] = 1000 / sent.Rate,
            ["send: processor ms, without storage"] = sent.CpuMilliseconds,
            ["export as csv: µs a message"] = elapsed.TotalMicroseconds / size,
            ["export: processor µs, without storage"] = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / size,
            ["export: processor µs of the storage"] = (system.Storage.Cpu - storageCpu).TotalMicroseconds / size,
        };
    }

    private static void Print(List<Dictionary<string, double>> figures)
    {
        var table = new TextTable(["", .. Sizes.Select(size => size.ToString("N0", CultureInfo.InvariantCulture)), "slope of a tenfold size", $"target ≤ {MaxSlope.ToString(CultureInfo.InvariantCulture)}"]);
        foreach (var name in figures[0].Keys)
        {
            var slope = Math.Pow(figures[^1][name] / figures[0][name], 1.0 / (Sizes.Length - 1));
            table.Add([name, .. figures.Select(size => Show(size[name])), Show(slope), slope <= MaxSlope ? "met" : "missed"]);
        }

        table.Print();
    }

    private static string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
