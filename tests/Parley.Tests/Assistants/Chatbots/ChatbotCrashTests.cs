using Parley.Assistants.Chatbots;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Chatbots;

/// <summary>
/// Creates, changes and deletes chatbots with a crash or an unanswered call at each storage call, and then with the
/// client's retry.
/// </summary>
public sealed class ChatbotCrashTests
{
    private static readonly TenantId Tenant = new(1);
    private static readonly EntityRef<ChatbotKey> First = new(new ChatbotKey(Tenant, 1), null);
    private static readonly IReadOnlyList<Fault> Faults = [.. CrashExploration.CrashesAndLateCalls, .. Fault.Unanswered];

    [Fact]
    public async Task A_creation_stores_complete_chatbots_with_distinct_numbers()
    {
        var calls = await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => CreateAsync(ground.Process(connection, 1)),
            (ground, connection) => CreateAsync(ground.Process(connection, 2)),
            async (ground, _) =>
            {
                // The client did not receive the first response, so its retry may have created a second chatbot.
                var chatbots = (await ground.Quiet.Chatbots.ListAsync(Tenant, null, 10, CancellationToken.None)).Items;
                Assert.InRange(chatbots.Count, 2, 3);
                Assert.Equal(Enumerable.Range(1, chatbots.Count).Reverse(), chatbots.Select(chatbot => chatbot.Key.Number));
                Assert.All(chatbots.SkipLast(1), chatbot => Assert.Equal(("Second", 0.5, 1), (chatbot.Name, chatbot.Temperature, chatbot.Revision)));
            },
            Faults,
            seeds: 5);
        Assert.Equal(2, calls);

        static Task CreateAsync(ParleyProcess process) =>
            process.ChatbotWriter.CreateAsync(Tenant, chatbot => chatbot with { Name = "Second", Temperature = 0.5 }, CancellationToken.None);
    }

    [Fact]
    public async Task A_change_is_complete_after_the_retry()
    {
        var calls = await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => ChangeAsync(ground.Process(connection, 1)),
            (ground, connection) => ChangeAsync(ground.Process(connection, 2)),
            async (ground, _) =>
            {
                var chatbot = await ground.Quiet.Chatbots.GetAsync(First, CancellationToken.None);
                Assert.Equal((2, "Renamed", null), (chatbot.Revision, chatbot.Name, chatbot.Instructions));
            },
            Faults,
            seeds: 5);
        Assert.Equal(2, calls);

        static Task ChangeAsync(ParleyProcess process) =>
            process.ChatbotWriter.ChangeAsync(First, chatbot => chatbot with { Name = "Renamed", Instructions = null }, null, CancellationToken.None);
    }

    [Fact]
    public async Task A_deletion_happens_once_and_its_retry_does_not_report_it_as_another_deletion()
    {
        var calls = await CrashExploration.RunAsync(
            Ground.BuildAsync,
            async (ground, connection) =>
            {
                try
                {
                    var deleted = await DeleteAsync(ground.Process(connection, 1));
                    Assert.Equal(("First", "Be brief."), (deleted.Name, deleted.Instructions));
                }
                catch (ParleyException e) when (e.Code == ErrorCode.ChatbotNotFound)
                {
                    ground.NotFound = true;
                }
            },
            async (ground, connection) =>
            {
                try
                {
                    await DeleteAsync(ground.Process(connection, 2));
                }
                catch (ParleyException e) when (e.Code == ErrorCode.ChatbotNotFound)
                {
                    // The first attempt deleted it.
                }
            },
            async (ground, _) =>
            {
                Assert.False(ground.NotFound);
                Assert.Null(await ground.Quiet.Chatbots.FindAsync(First, CancellationToken.None));
                Assert.Empty((await ground.Quiet.Chatbots.ListAsync(Tenant, null, 10, CancellationToken.None)).Items);
                var row = await ground.Quiet.Chatbots.FindEvenDeletedAsync(First, CancellationToken.None);
                Assert.Equal((2, "First", true), (row!.Revision, row.Name, row.DeletedAt is not null));
                await Assert.ThrowsAsync<ParleyException>(() => ground.Quiet.ChatbotWriter.ChangeAsync(First, chatbot => chatbot with { Name = "x" }, null, CancellationToken.None));

                var next = await ground.Quiet.ChatbotWriter.CreateAsync(Tenant, chatbot => chatbot with { Name = "Next" }, CancellationToken.None);
                Assert.Equal(2, next.Key.Number);
            },
            Faults,
            seeds: 5);
        Assert.Equal(2, calls);

        static Task<Chatbot> DeleteAsync(ParleyProcess process) => process.ChatbotWriter.DeleteAsync(First, null, CancellationToken.None);
    }

    /// <summary>A tenant with a chatbot, in one run of a crash exploration.</summary>
    private sealed class Ground(StrictTables tables, VirtualTime time)
    {
        /// <summary>Its calls are not scheduled by the simulation.</summary>
        public ParleyProcess Quiet { get; } = new(tables.Connect("quiet"), time, 9);

        /// <summary>True if the first deletion failed with chatbot_not_found.</summary>
        public bool NotFound { get; set; }

        public static async Task<Ground> BuildAsync(Simulation run, StrictTables tables)
        {
            var ground = new Ground(tables, run.Time);
            await ground.Quiet.Tables.CreateIfNotExistsAsync(CancellationToken.None);
            await ground.Quiet.ChatbotWriter.CreateAsync(Tenant, chatbot => chatbot with { Name = "First", Instructions = "Be brief." }, CancellationToken.None);
            return ground;
        }

        public ParleyProcess Process(TableConnection connection, int seed) => new(connection, time, seed);
    }
}
