using Parley.Functions;
using Parley.Spreadsheets;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Architecture;

/// <summary>The compiled folders use each other only along the arrows of this table.</summary>
public sealed class LayerTests(ITestOutputHelper output)
{
    // A folder may use those named, and what is below them. Reasons: docs/decisions/folders-are-layers.md.
    private static readonly LayerRules Rules = LayerRules.Parse("""
        Storage.Secrets → Core
        Storage → Storage.Secrets
        Storage.ChangeLog → Storage
        Tenants.Audit, Files → Storage
        Senders → Storage.ChangeLog
        Tenants.Limits → Core
        Tenants → Storage.ChangeLog, Tenants.Audit
        Tenants.Tokens → Tenants
        Webhooks → Tenants
        Conversations → Senders
        Conversations.Threads → Conversations
        Conversations.Tickets → Conversations
        Conversations.Messages → Conversations.Threads, Conversations.Tickets, Files, Senders
        Conversations.FollowUps → Conversations.Messages
        Assistants.Chatbots → Storage.ChangeLog
        Assistants.Providers → Core
        Assistants.Completions → Assistants.Chatbots, Assistants.Providers, Conversations.Messages, Files, Tenants.Limits
        Assistants.Records → Assistants.Completions, Spreadsheets
        Events → Conversations
        Exports → Assistants.Records, Conversations.Messages, Files, Tenants.Limits, Webhooks, Spreadsheets
        Cleanup → Files, Tenants.Tokens
        Functions → all
        """);

    // Of every class of src/Parley, src/Parley.Functions and src/Parley.Spreadsheets.
    private static readonly IReadOnlyList<LayerReference> References =
    [
        .. new[] { typeof(ParleyServices), typeof(ParleyApp), typeof(TableWriter) }
            .SelectMany(type => LayerReferences.Read(type.Assembly, "Parley")),
    ];

    [Fact]
    public void Folders_use_only_the_folders_below_them()
    {
        foreach (var arrow in LayerRules.Describe(References))
        {
            output.WriteLine(arrow);
        }

        AssertNone(Rules.Forbidden(References), "arrows that are not permitted");
    }

    [Fact]
    public void Every_permitted_arrow_is_used() =>
        AssertNone(Rules.Unused(References), "permitted arrows that nobody uses");

    [Fact]
    public void Permitted_arrows_have_no_cycle() => AssertNone(Rules.Cycles(), "cycles of permitted arrows");

    [Fact]
    public void Folders_have_no_cycle() => AssertNone(LayerRules.Cycles(References), "cycles of folders");

    private static void AssertNone(IReadOnlyList<string> found, string what) =>
        Assert.True(found.Count == 0, $"There are {found.Count} {what}:\n{string.Join('\n', found)}");
}
