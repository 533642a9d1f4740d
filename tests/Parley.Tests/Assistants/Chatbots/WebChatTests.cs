using Parley.Assistants.Chatbots;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Chatbots;

/// <summary>A web chat belongs to the one chatbot that lists it, whatever crashes and races there were.</summary>
public sealed class WebChatTests
{
    private static readonly TenantId Tenant = new(1);
    private static readonly Guid Old = new("0b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c01");
    private static readonly Guid New = new("0b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c02");

    [Fact]
    public async Task A_change_is_complete_after_the_retry()
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) => (Process: await BuildAsync(run, tables), run.Time),
            (ground, connection) => ListAsync(new ParleyProcess(connection, ground.Time, 1), 1, $"{New}"),
            (ground, connection) => ListAsync(new ParleyProcess(connection, ground.Time, 2), 1, $"{New}"),
            async (ground, _) =>
            {
                Assert.Equal([New], (await FindAsync(ground.Process, 1)).WebChats);
                Assert.Equal(1, await OwnerAsync(ground.Process, New));
                Assert.Null(await OwnerAsync(ground.Process, Old));
            },
            [.. CrashExploration.CrashesAndLateCalls, .. Fault.Unanswered],
            seeds: 5);

        // The chatbot, a look at the row of each of the two, and the transaction.
        Assert.Equal(4, calls);
    }

    [Fact]
    public Task One_of_several_writers_gets_a_web_chat() => Interleaving.ExploreAsync(300, async run =>
    {
        var tables = new StrictTables(run.Time);
        var quiet = await BuildAsync(run, tables);
        var winners = await Task.WhenAll(Enumerable.Range(1, 2).Select(async number =>
        {
            try
            {
                await ListAsync(new ParleyProcess(run.Connect(tables, $"p{number}"), run.Time, (run.Seed * 10) + number), number, $"{New}");
                return true;
            }
            catch (ParleyException e) when (e.Code == ErrorCode.InvalidFields)
            {
                return false;
            }
        }));

        Assert.Single(winners, won => won);
        Assert.Equal(winners[0] ? 1 : 2, await OwnerAsync(quiet, New));
        Assert.Equal(winners[0], (await FindAsync(quiet, 1)).WebChats.Contains(New));
        Assert.Equal(winners[1], (await FindAsync(quiet, 2)).WebChats.Contains(New));
        Assert.Equal(winners[0] ? null : 1, await OwnerAsync(quiet, Old));
    });

    [Fact]
    public async Task The_web_chat_of_a_deleted_chatbot_can_be_taken_over()
    {
        var time = new VirtualTime();
        var tables = new StrictTables(time);
        var process = await FillAsync(tables, time);
        await process.ChatbotWriter.DeleteAsync(Id(1), null, CancellationToken.None);
        Assert.Equal(1, await OwnerAsync(process, Old));
        await ListAsync(process, 2, $"{Old}");

        Assert.Equal(2, await OwnerAsync(process, Old));
    }

    /// <summary>Two chatbots, of which the first lists one web chat.</summary>
    private static Task<ParleyProcess> BuildAsync(Simulation run, StrictTables tables) => FillAsync(tables, run.Time);

    private static async Task<ParleyProcess> FillAsync(StrictTables tables, TimeProvider time)
    {
        var process = new ParleyProcess(tables.Connect("quiet"), time, 9);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await process.ChatbotWriter.CreateAsync(Tenant, chatbot => chatbot with { Name = "One", WebChatIds = $"{Old}" }, CancellationToken.None);
        await process.ChatbotWriter.CreateAsync(Tenant, chatbot => chatbot with { Name = "Two" }, CancellationToken.None);
        return process;
    }

    private static EntityRef<ChatbotKey> Id(int number) => new(new ChatbotKey(Tenant, number), null);

    private static Task<Chatbot> ListAsync(ParleyProcess process, int number, string webChats) =>
        process.ChatbotWriter.ChangeAsync(Id(number), chatbot => chatbot with { WebChatIds = webChats }, null, CancellationToken.None);

    private static Task<Chatbot> FindAsync(ParleyProcess process, int number) => process.Chatbots.GetAsync(Id(number), CancellationToken.None);

    private static async Task<int?> OwnerAsync(ParleyProcess process, Guid webChat) =>
        (await process.WebChats.FindChatbotAsync(Tenant, webChat, CancellationToken.None))?.Key.Number;
}
