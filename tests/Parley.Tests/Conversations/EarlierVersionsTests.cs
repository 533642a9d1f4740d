using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Core;
using Parley.DevHost.Common;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>The head shows which of its revisions versions before 0.3.0 may have written.</summary>
public sealed class EarlierVersionsTests
{
    private readonly VirtualTime time = new();

    [Fact]
    public async Task Writes_of_this_version_leave_no_mark()
    {
        var (process, id) = await StartAsync();

        await AppendAsync(process, id);
        await process.ConversationChange.ChangeAsync(id, head => head with { Title = "new" }, "test", null, CancellationToken.None);

        var head = await process.Conversations.GetAsync(id, CancellationToken.None);
        Assert.Equal((3, 0), (head.Revision, head.EarlierVersionsUpTo));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_write_of_an_earlier_version_is_marked_and_stays_so(bool replaces)
    {
        var (process, id) = await StartAsync();
        await AppendAsync(process, id);
        await WriteAsEarlierVersionAsync(process, id, replaces);

        var read = await process.Conversations.GetAsync(id, CancellationToken.None);
        await AppendAsync(process, id);
        await process.ConversationChange.ChangeAsync(id, head => head with { Title = "new" }, "test", null, CancellationToken.None);
        var later = await process.Conversations.GetAsync(id, CancellationToken.None);
        await WriteAsEarlierVersionAsync(process, id, replaces);
        var again = await process.Conversations.GetAsync(id, CancellationToken.None);

        Assert.Equal((3, 3), (read.Revision, read.EarlierVersionsUpTo));
        Assert.Equal((5, 3), (later.Revision, later.EarlierVersionsUpTo));
        Assert.Equal((6, 6), (again.Revision, again.EarlierVersionsUpTo));
    }

    /// <summary>
    /// Only <see cref="ConversationRow"/> makes head rows, and there only one member does, so that no write misses the
    /// mark. The scenarios check each write too.
    /// </summary>
    [Fact]
    public void One_member_makes_every_head_row()
    {
        const string Making = """new(\s+TableEntity)?\([^()]*ConversationRowKeys\.Head\)""";

        var making = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(path => Regex
                .Matches(File.ReadAllText(path), Making, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10))
                .Select(_ => Path.GetFileName(path)));

        Assert.Equal(["ConversationRow.cs"], making);
    }

    private async Task<(ParleyProcess Process, EntityRef<ConversationKey> Id)> StartAsync()
    {
        var process = new ParleyProcess(new StrictTables(time).Connect("p"), time, seed: 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var (created, _) = await process.Creation.CreateAsync(
            Appends.Tenant, new("talk", "web", null, null, null, null, null), null, CancellationToken.None);
        return (process, new EntityRef<ConversationKey>(created.Key, null));
    }

    private static async Task AppendAsync(ParleyProcess process, EntityRef<ConversationKey> id) =>
        await process.Append.AppendAsync(id, new(MessageRole.Assistant, "word", null, null, null), null, CancellationToken.None);

    /// <summary>Raises the revision as version 0.2.0 does: it merges some properties, or replaces the row.</summary>
    private static async Task WriteAsEarlierVersionAsync(
        ParleyProcess process, EntityRef<ConversationKey> id, bool replaces)
    {
        var row = (await process.Tables.Conversations.GetEntityAsync<TableEntity>(
            id.Key.PartitionKey, ConversationRowKeys.Head)).Value;
        var written = replaces ? row : new TableEntity(row.PartitionKey, row.RowKey);
        written["Rev"] = row.GetInt32("Rev") + 1;
        written.Remove("Writer");
        written.Remove("OldRev");
        await process.Tables.Conversations.UpdateEntityAsync(
            written, row.ETag, replaces ? TableUpdateMode.Replace : TableUpdateMode.Merge);
    }
}
