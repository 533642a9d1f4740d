using System.Collections.Concurrent;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Runs 16 clients that post to 200 conversations; 64 too while storage has the cloud's latency. A client takes the conversation that has waited longest, so no two
/// clients ever write to one conversation at once, neither through Parley nor raw.
/// </summary>
internal static class PostMeasure
{
    private const int Clients = 16;
    private const int Busy = 64;
    private const int Conversations = 200;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"post: {Clients} clients on {Conversations} conversations; {options.Rounds} rounds of about {options.RoundLength.TotalSeconds} s each; storage: {options.Storage}");
        await using var system = await StartedSystem.StartAsync(kind: options.Storage);
        var raw = new RawStorage(system.RawTables, TimeProvider.System, new RandomSource());

        var rounds = await MeasureAsync(Clients, ThroughHttp);
        var alone = await MeasureAsync(Clients, FunctionsAlone, "the functions alone");
        var append = await MeasureAsync(Clients, AppendAlone, "the append alone");
        var busy = options.Storage != StorageKind.Cloud ? rounds : await MeasureAsync(Busy, ThroughHttp);
        var table = new ComparisonTable()
            .AddRatioAtLeast(Figure.Of("messages/s", rounds, round => round.Rate), 0.85)
            .AddRatioAtMost(Figure.Of("p99 ms", rounds, round => round.P99), 3.0)
            .Add(Figure.Of("p50 ms", rounds, round => round.P50));
        if (busy != rounds)
        {
            table.Add(Figure.Of($"messages/s, {Busy} clients", busy, round => round.Rate))
                .Add(Figure.Of($"p50 ms, {Busy} clients", busy, round => round.P50))
                .Add(Figure.Of($"p99 ms, {Busy} clients", busy, round => round.P99));
        }

        table.AddProcessors("message", busy)
            .AddRatioAtMost(Figure.Of("processor ms/message, the functions alone", alone, round => round.CpuMilliseconds), 1.2)
            .Add(Figure.Of("allocated KB/message, the functions alone", alone, round => round.AllocatedKilobytes))
            .Add(Figure.Of("processor ms/message, the append alone", append, round => round.CpuMilliseconds))
            .Add(Figure.Of("allocated KB/message, the append alone", append, round => round.AllocatedKilobytes))
            .Print();
        return true;

        Func<ConversationKey, string, Task> ThroughHttp(TenantClient client) =>
            (conversation, text) => client.PostAsync(TenantClient.Messages(conversation), TenantClient.Message(text));

        Func<ConversationKey, string, Task> FunctionsAlone(TenantClient client) => new FunctionsAlone(system.Services, client).PostAsync;

        // Neither JSON nor authentication: what a post takes more is the pipeline's.
        Func<ConversationKey, string, Task> AppendAlone(TenantClient client)
        {
            var feature = system.Services.GetRequiredService<MessageAppend>();
            return (conversation, text) => feature.AppendAsync(
                new(conversation, null), new NewMessage(MessageRole.Staff, text, 1, "bench", null), null, CancellationToken.None);
        }

        async Task<List<Round>> MeasureAsync(int clients, Func<TenantClient, Func<ConversationKey, string, Task>> post, string? what = null)
        {
            Console.WriteLine("  warming up");
            var (warmParley, warmRaw) = await PrepareAsync(clients, WarmUp, int.MaxValue, seed: -1, post);
            await warmRaw();
            var count = (int)((await warmParley()).Rate * options.RoundLength.TotalSeconds);

            // Storage slows down as it fills, so both write the same number of messages to conversations that are new in
            // every round. The time limit only ends a round that hangs.
            return await Round.RepeatAsync($"{count} messages of {clients} clients{(what is null ? "" : $", {what}")}", options.Rounds, seed => PrepareAsync(clients, options.RoundLength * 5, count, seed, post));
        }

        async Task<(Func<Task<LoadResult>>, Func<Task<LoadResult>>)> PrepareAsync(
            int clients, TimeSpan limit, int most, int seed, Func<TenantClient, Func<ConversationKey, string, Task>> post)
        {
            await system.Storage.PauseAsync();
            var client = await system.NewTenantAsync();
            using var rawClient = await system.NewTenantAsync();
            var waiting = await CreateAsync(client);
            var rawWaiting = await CreateAsync(rawClient);
            await system.Storage.BeginAsync();
            return (
                async () =>
                {
                    using (client)
                    {
                        return await PostAsync(clients, waiting, limit, most, seed, post(client));
                    }
                },
                () => PostAsync(clients, rawWaiting, limit, most, seed, raw.AppendAsync));
        }

        async Task<LoadResult> PostAsync(
            int clients, ConcurrentQueue<ConversationKey> waiting, TimeSpan limit, int most, int seed, Func<ConversationKey, string, Task> post)
        {
            var result = await Load.RunAsync(clients, limit, most, worker =>
            {
                var random = new Random(seed * 1000 + worker);
                return async () =>
                {
                    waiting.TryDequeue(out var conversation);
                    await post(conversation, SampleText.Next(random));
                    waiting.Enqueue(conversation);
                };
            }, system.Storage);
            await CheckAsync(system.RawTables, waiting, result.Requests);
            return result;
        }
    }

    private static async Task<ConcurrentQueue<ConversationKey>> CreateAsync(TenantClient client)
    {
        var conversations = new ConcurrentQueue<ConversationKey>();
        for (var i = 0; i < Conversations; i++)
        {
            conversations.Enqueue(await client.CreateConversationAsync());
        }

        return conversations;
    }

    /// <summary>Checks that every message is stored.</summary>
    private static async Task CheckAsync(ParleyTables tables, IEnumerable<ConversationKey> conversations, int expected)
    {
        var stored = 0;
        foreach (var conversation in conversations)
        {
            TableEntity head = await tables.Conversations.GetEntityAsync<TableEntity>(conversation.PartitionKey, ConversationRowKeys.Head);
            stored += head.GetInt32("Last")!.Value;
        }

        if (stored != expected)
        {
            throw new BenchmarkException($"{expected} messages were posted, and {stored} are stored.");
        }
    }
}
