using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>Reads random pages of 50 messages in a tenant with 10,000 messages in 20 conversations.</summary>
internal static class ListMeasure
{
    private const int Conversations = 20;
    private const int MessagesEach = 500;
    private const int PerPage = 50;

    /// <summary>Too few to keep both cores busy while storage has the cloud's latency.</summary>
    private const int AtOnce = 8;

    /// <summary>
    /// Enough to keep both cores busy in spite of latency. Without it, and on Azurite, which has one thread, more than
    /// <see cref="AtOnce"/> would only wait.
    /// </summary>
    private const int Busy = 64;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"list: pages of {PerPage}, {Conversations} conversations of {MessagesEach} messages; {options.Rounds} rounds of {options.RoundLength.TotalSeconds} s each; storage: {options.Storage}");
        await using var system = await StartedSystem.StartAsync(kind: options.Storage);
        using var client = await system.NewTenantAsync();
        var raw = new RawStorage(system.RawTables, TimeProvider.System, new RandomSource(seed: 1));
        var functions = new FunctionsAlone(system.Services, client);
        var conversations = await FillAsync(system.SeedTables, client);
        await CheckAsync(client, raw, conversations);

        Console.WriteLine("  warming up");
        await system.Storage.BeginAsync();
        await RunParleyAsync(AtOnce, WarmUp, seed: 0);
        await RunRawAsync(AtOnce, WarmUp, seed: 0);
        await RunAloneAsync(WarmUp, seed: 0);
        var one = await Round.RepeatAsync("1 at a time", options.Rounds, seed => PrepareAsync(1, seed));
        var alone = await Round.RepeatAsync("the functions alone", options.Rounds, seed => PrepareAloneAsync(seed));
        var many = await Round.RepeatAsync($"{AtOnce} at once", options.Rounds, seed => PrepareAsync(AtOnce, seed));
        var busy = options.Storage != StorageKind.Cloud ? many : await Round.RepeatAsync($"{Busy} at once", options.Rounds, seed => PrepareAsync(Busy, seed));

        var table = new ComparisonTable()
            .AddRatioAtLeast(Figure.Of($"requests/s, {AtOnce} at once", many, round => round.Rate), 0.9)
            .AddDifferenceAtMost(Figure.Of("p50 ms, 1 at a time", one, round => round.P50), 1.0)
            .Add(Figure.Of("p99 ms, 1 at a time", one, round => round.P99))
            .Add(Figure.Of($"p50 ms, {AtOnce} at once", many, round => round.P50))
            .Add(Figure.Of($"p99 ms, {AtOnce} at once", many, round => round.P99));
        if (busy != many)
        {
            table.Add(Figure.Of($"requests/s, {Busy} at once", busy, round => round.Rate))
                .Add(Figure.Of($"p50 ms, {Busy} at once", busy, round => round.P50))
                .Add(Figure.Of($"p99 ms, {Busy} at once", busy, round => round.P99));
        }

        table.AddProcessors("request", busy)
            .AddRatioAtMost(Figure.Of("processor ms/request, the functions alone", alone, round => round.CpuMilliseconds), 1.15)
            .Add(Figure.Of("allocated KB/request, the functions alone", alone, round => round.AllocatedKilobytes))
            .Print();
        return true;

        Task<(Func<Task<LoadResult>>, Func<Task<LoadResult>>)> PrepareAsync(int workers, int seed) => Task.FromResult<(Func<Task<LoadResult>>, Func<Task<LoadResult>>)>((
            () => RunParleyAsync(workers, options.RoundLength, seed), () => RunRawAsync(workers, options.RoundLength, seed)));

        Task<(Func<Task<LoadResult>>, Func<Task<LoadResult>>)> PrepareAloneAsync(int seed) => Task.FromResult<(Func<Task<LoadResult>>, Func<Task<LoadResult>>)>((
            () => RunAloneAsync(options.RoundLength, seed), () => RunRawAsync(AtOnce, options.RoundLength, seed)));

        Task<LoadResult> RunAloneAsync(TimeSpan limit, int seed) => Load.RunAsync(AtOnce, limit, int.MaxValue, worker =>
        {
            var pages = new PageSequence(conversations, seed, worker);
            return () =>
            {
                var (conversation, page) = pages.Next();
                return functions.GetPageAsync(conversation, page, PerPage);
            };
        }, system.Storage);

        Task<LoadResult> RunParleyAsync(int workers, TimeSpan limit, int seed) => Load.RunAsync(workers, limit, int.MaxValue, worker =>
        {
            var pages = new PageSequence(conversations, seed, worker);
            return () =>
            {
                var (conversation, page) = pages.Next();
                return client.GetAsync(PathOf(conversation, page));
            };
        }, system.Storage);

        Task<LoadResult> RunRawAsync(int workers, TimeSpan limit, int seed) => Load.RunAsync(workers, limit, int.MaxValue, worker =>
        {
            var pages = new PageSequence(conversations, seed, worker);
            return () =>
            {
                var (conversation, page) = pages.Next();
                return raw.ReadPageAsync(conversation, page, PerPage);
            };
        }, system.Storage);
    }

    private static string PathOf(ConversationKey conversation, int page) => $"{TenantClient.Messages(conversation)}?per_page={PerPage}&page={page}";

    /// <summary>
    /// Posts one message to each conversation. The others are copies of its row, a hundred a transaction, because
    /// posting 10,000 would take longer than the measure.
    /// </summary>
    private static async Task<ConversationKey[]> FillAsync(ParleyTables tables, TenantClient client)
    {
        var texts = new Random(7);
        var random = new RandomSource(seed: 7);
        var conversations = new ConversationKey[Conversations];
        for (var i = 0; i < Conversations; i++)
        {
            var conversation = conversations[i] = await client.CreateConversationAsync();
            await client.PostAsync(TenantClient.Messages(conversation), TenantClient.Message(SampleText.Next(texts)));
            TableEntity posted = await tables.Conversations.GetEntityAsync<TableEntity>(conversation.PartitionKey, MessageRowKeys.Message(1));
            foreach (var numbers in Enumerable.Range(2, MessagesEach - 1).Chunk(100))
            {
                // Not inserted: the client repeats a call that is slow, and an insert would then fail on its own rows.
                await tables.Conversations.SubmitTransactionAsync(numbers.Select(number => new TableTransactionAction(
                    TableTransactionActionType.UpsertReplace, CopyOf(posted, number, SampleText.Next(texts), random))));
            }

            var head = new TableEntity(conversation.PartitionKey, ConversationRowKeys.Head) { ["Last"] = MessagesEach };
            await tables.Conversations.UpdateEntityAsync(head, Azure.ETag.All);
            if ((i + 1) % 5 == 0)
            {
                Console.WriteLine($"  filled {i + 1} of {Conversations} conversations");
            }
        }

        return conversations;
    }

    private static TableEntity CopyOf(TableEntity posted, int number, string text, RandomSource random) => new(posted)
    {
        RowKey = MessageRowKeys.Message(number),
        ["WriteId"] = random.NextWriteId(),
        ["Check"] = random.NextBits(EntityId.CheckBits),
        ["CreatedAt"] = posted.GetDateTimeOffset("CreatedAt")!.Value.AddSeconds(number),
        ["Text"] = text,
    };

    /// <summary>Checks that Parley and raw read the same rows; otherwise they cannot be compared.</summary>
    private static async Task CheckAsync(TenantClient client, RawStorage raw, ConversationKey[] conversations)
    {
        foreach (var (conversation, page) in new[] { (conversations[0], 1), (conversations[^1], MessagesEach / PerPage) })
        {
            var data = (await client.SendAsync(HttpMethod.Get, PathOf(conversation, page))).GetProperty("data");
            var answered = (data.GetArrayLength(), data.EnumerateArray().Sum(message => message.GetProperty("message").GetString()!.Length));
            var read = await raw.ReadPageAsync(conversation, page, PerPage);
            if (answered != read || read.Rows != PerPage)
            {
                throw new BenchmarkException($"Page {page} has {answered} rows and characters through HTTP, and {read} in storage.");
            }
        }
    }

    /// <summary>Random pages, the same for raw and Parley.</summary>
    private sealed class PageSequence(ConversationKey[] conversations, int seed, int worker)
    {
        private readonly Random random = new(seed * 1000 + worker);

        public (ConversationKey Conversation, int Page) Next() =>
            (conversations[random.Next(conversations.Length)], random.Next(MessagesEach / PerPage) + 1);
    }
}
