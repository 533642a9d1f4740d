using System.Text.Json.Nodes;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Exports;
using Xunit;

namespace Parley.Tests.Compatibility;

/// <summary>
/// Messages may be in the queues when the app is updated. Two versions may run at once during an update, so each must
/// read the messages that the other writes.
/// </summary>
public class QueueMessageTests
{
    public static TheoryData<string> Versions => [.. GoldenStore.Versions];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Golden_messages_are_read_with_their_meaning(string version)
    {
        var texts = GoldenMessages.Read(version).Select(message => message.Text).ToList();

        Assert.Equal(GoldenMessages.Chunk, FollowUpChunk.Parse(texts[0]));
        Assert.Equal(GoldenMessages.File, ExportStep.Parse(texts[1]));
        Assert.Equal(GoldenMessages.FileThatWaited, ExportStep.Parse(texts[2]));
        Assert.Equal(GoldenMessages.Callback, ExportStep.Parse(texts[3]));
        Assert.Equal(GoldenMessages.Reply, QueuedReply.Parse(texts[4]));
        Assert.Equal(5, texts.Count);
    }

    /// <summary>The older version reads these members and ignores others.</summary>
    [Theory]
    [MemberData(nameof(Versions))]
    public void Messages_written_today_go_to_the_same_queues_and_have_the_members_of_golden_ones(string version)
    {
        var golden = GoldenMessages.Read(version);
        var today = GoldenMessages.Today;

        Assert.Equal(golden.Select(message => message.Queue), today.Select(message => message.Queue));
        Assert.All(golden.Zip(today), pair =>
        {
            var members = JsonNode.Parse(pair.Second.Text)!.AsObject();
            Assert.All(JsonNode.Parse(pair.First.Text)!.AsObject(), member =>
                Assert.Equal(member.Value!.ToJsonString(), members[member.Key]?.ToJsonString()));
        });
    }
}
