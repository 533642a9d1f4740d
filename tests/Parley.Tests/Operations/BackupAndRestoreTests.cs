using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Parley.Operations;
using Parley.Operations.Format;
using Parley.Operations.Restore;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Operations;

public class BackupAndRestoreTests(FullStore full) : IClassFixture<FullStore>
{
    [Fact]
    public void The_store_has_a_row_of_every_kind() => StoreKinds.AssertComplete(full.Rows);

    [Fact]
    public async Task A_restored_store_is_equal_row_by_row_and_works()
    {
        await using var target = await OperatedStore.StartAsync();

        var (code, printed) = await target.RunAsync("restore", "--from", full.Backup);

        Assert.True(code == CommandLine.Succeeded, printed);
        AssertEqualRows(full.Rows, await target.Account.ReadAllAsync());
        Assert.Contains("2 blobs that the back-up names are not in the account", printed, StringComparison.Ordinal);
        Assert.Contains("files/00000001/0000000001/", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("ParleyRestore", await target.Account.TableService.QueryAsync().Select(table => table.Name).ToListAsync());
        await AssertWorksAsync(target);
    }

    [Fact]
    public async Task A_back_up_of_the_version_before_which_has_no_table_Schedule_is_restored()
    {
        await using var target = await OperatedStore.StartAsync();
        var backup = full.CopyBackup();
        File.Delete(Path.Combine(backup, "Schedule.jsonl.gz"));
        var text = await File.ReadAllTextAsync(Manifest.PathIn(backup));
        var manifest = JsonNode.Parse(text)!;
        var files = manifest["tables"]!.AsArray();
        files.Remove(files.Single(file => $"{file!["name"]}" == "Schedule"));
        await File.WriteAllTextAsync(Manifest.PathIn(backup), manifest.ToJsonString());

        var (code, printed) = await target.RunAsync("restore", "--from", backup);

        Assert.True(code == CommandLine.Succeeded, printed);
        var restored = await target.Account.ReadAllAsync();
        Assert.Equal(
            full.Rows.Where(row => row.Table != "Schedule" && !IsDeletion(row)), restored.Where(row => row.Table != "Schedule" && !IsDeletion(row)));

        // The restore derives the rows of follow-ups and exports. It does not know of a blob without a message.
        string[] derived = ["Schedule/ScheduledFollowUp", "Schedule/ScheduledExport", "Schedule/ScheduledExpiry"];
        Assert.Equal(Derived(full.Rows), Derived(restored));

        List<StoredRow> Derived(IEnumerable<StoredRow> rows) =>
            [.. rows.Where(row => derived.Contains(StoreKinds.KindOf(row.Table, row.RowKey)))];
    }

    [Fact]
    public async Task An_account_that_only_the_version_before_has_used_is_backed_up_without_the_table_Schedule()
    {
        await using var source = await OperatedStore.StartAsync();
        var restored = await source.RunAsync("restore", "--from", full.Backup);
        Assert.True(restored.Code == CommandLine.Succeeded, restored.Text);
        await source.Account.Tables.Schedule.DeleteAsync();
        var backup = Path.Combine(full.CopyBackup(), "new");

        var (code, printed) = await source.RunAsync("backup", "--to", backup);

        Assert.True(code == CommandLine.Succeeded, printed);
        var manifest = await Manifest.ReadVerifiedAsync(backup, CancellationToken.None);
        Assert.Equal(["Conversations", "Due", "Keys", "Tenants"], manifest.Tables.Select(table => table.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_manifest_lists_the_stored_data_and_contains_no_key()
    {
        var text = await File.ReadAllTextAsync(Manifest.PathIn(full.Backup));
        var manifest = await Manifest.ReadVerifiedAsync(full.Backup, CancellationToken.None);

        Assert.Equal("devstoreaccount1", manifest.Source);
        Assert.DoesNotContain("AccountKey", text, StringComparison.OrdinalIgnoreCase);
        Assert.True(manifest.StartedAt <= manifest.FinishedAt);
        Assert.Equal(
            full.Rows.GroupBy(row => row.Table).Select(table => (table.Key, (long)table.Count())).Order(),
            manifest.Tables.Select(table => (table.Name, table.Rows)).Order());
        Assert.Equal(2, manifest.Blobs.Count);
        Assert.Equal(
            ["Conversations.jsonl.gz", "Due.jsonl.gz", "Keys.jsonl.gz", "Schedule.jsonl.gz", "Tenants.jsonl.gz", "blobs.jsonl.gz", "manifest.json"],
            Directory.EnumerateFiles(full.Backup).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_damaged_unfinished_or_foreign_back_up_is_refused_before_anything_is_written()
    {
        await using var target = await OperatedStore.StartAsync();

        var torn = full.CopyBackup();
        await using (var file = new FileStream(Path.Combine(torn, "Tenants.jsonl.gz"), FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        await RefusedAsync(target, torn, "Tenants.jsonl.gz is damaged: its SHA-256 is ");

        var changed = full.CopyBackup();
        var bytes = await File.ReadAllBytesAsync(Path.Combine(changed, "Due.jsonl.gz"));
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(changed, "Due.jsonl.gz"), bytes);
        await RefusedAsync(target, changed, "Due.jsonl.gz is damaged: its SHA-256 is ");

        var missing = full.CopyBackup();
        File.Delete(Path.Combine(missing, "Keys.jsonl.gz"));
        await RefusedAsync(target, missing, "Keys.jsonl.gz is missing");

        var unfinished = full.CopyBackup();
        File.Delete(Manifest.PathIn(unfinished));
        await RefusedAsync(target, unfinished, "has no manifest.json: it is no back-up, or one that was not finished");

        var unreadable = full.CopyBackup();
        await File.WriteAllTextAsync(Manifest.PathIn(unreadable), "{\"version\":1");
        await RefusedAsync(target, unreadable, "manifest.json cannot be read");

        var newer = full.CopyBackup();
        await ReplaceInManifestAsync(newer, "\"version\": 1", "\"version\": 2");
        await RefusedAsync(target, newer, "has version 2; this program reads version 1");

        var outside = full.CopyBackup();
        await ReplaceInManifestAsync(outside, "\"file\": \"blobs.jsonl.gz\"", "\"file\": \"../blobs.jsonl.gz\"");
        await RefusedAsync(target, outside, "manifest.json names the file ../blobs.jsonl.gz, which is outside its folder");

        Assert.Empty(await target.Account.TableService.QueryAsync().ToListAsync());
    }

    [Fact]
    public async Task A_line_that_cannot_be_read_is_reported_with_its_file_and_number()
    {
        await using var target = await OperatedStore.StartAsync();
        var backup = full.CopyBackup();
        var keys = Path.Combine(backup, "Keys.jsonl.gz");
        var lines = await LineFile.ReadAsync(keys, line => line, CancellationToken.None).Append("{}").ToListAsync();
        var before = await LineFile.HashAsync(keys, CancellationToken.None);
        File.Delete(keys);
        await using (var file = LineFile.Create(keys))
        {
            foreach (var line in lines)
            {
                await file.WriteAsync(Encoding.ASCII.GetBytes(line), CancellationToken.None);
            }
        }

        await ReplaceInManifestAsync(backup, before, await LineFile.HashAsync(keys, CancellationToken.None));

        await RefusedAsync(target, backup, $"Keys.jsonl.gz, line {lines.Count}, cannot be read: It is not a row of a back-up.");
    }

    [Fact]
    public void Only_the_user_who_backs_up_may_read_the_back_up()
    {
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode ReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            Assert.Equal(ReadWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(full.Backup));
            foreach (var file in Directory.EnumerateFiles(full.Backup, "*.gz"))
            {
                Assert.Equal(ReadWrite, File.GetUnixFileMode(file));
            }
        }
    }

    [Fact]
    public async Task A_back_up_with_other_rows_than_its_files_say_is_found_by_the_comparison()
    {
        await using var target = await OperatedStore.StartAsync();
        var restored = await target.RunAsync("restore", "--from", full.Backup);
        Assert.True(restored.Code == 0, restored.Text);
        var manifest = await Manifest.ReadVerifiedAsync(full.Backup, CancellationToken.None);
        var keys = manifest.Tables.Single(table => table.Name == "Keys");
        var table = target.Account.Tables.Keys;
        var row = await table.QueryAsync<TableEntity>().FirstAsync();
        Task<OperationException> DifferentAsync() => Assert.ThrowsAsync<OperationException>(() => new RowComparison(new Progress(TextWriter.Null, TimeProvider.System))
            .CompareAsync(keys, Path.Combine(full.Backup, keys.File), table.QueryAsync<TableEntity>(), CancellationToken.None));

        row["Number"] = (long)row.GetInt32("Number")!.Value; // The same number with another type.
        await table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace);
        Assert.Contains($"{row.PartitionKey} / {row.RowKey} has other properties", (await DifferentAsync()).Message, StringComparison.Ordinal);

        await table.DeleteEntityAsync(row.PartitionKey, row.RowKey);
        Assert.Contains($"{row.PartitionKey} / {row.RowKey} is missing", (await DifferentAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_in_use_is_refused_and_stays_as_it_is()
    {
        await using var target = await OperatedStore.StartAsync();
        await target.Account.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await target.Account.Tables.Due.AddEntityAsync(new TableEntity("203001010000", "k|00000001|0000000001"));
        var before = await target.Account.ReadAllAsync();

        await RefusedAsync(target, full.Backup, "The table Due of account devstoreaccount1 holds rows. Restore into an empty storage account.");

        Assert.Equal(before, await target.Account.ReadAllAsync());
    }

    [Fact]
    public async Task An_account_that_Parley_has_not_used_is_not_backed_up()
    {
        await using var source = await OperatedStore.StartAsync();
        var backup = Path.Combine(full.CopyBackup(), "new");

        var (code, printed) = await source.RunAsync("backup", "--to", backup);

        Assert.Equal(CommandLine.Failed, code);
        Assert.Contains("Account devstoreaccount1 lacks a table or a container of Parley", printed, StringComparison.Ordinal);
        Assert.False(File.Exists(Manifest.PathIn(backup)));
    }

    [Fact]
    public async Task A_folder_in_use_is_refused()
    {
        var (code, printed) = await full.Store.RunAsync("backup", "--to", full.Backup);

        Assert.Equal(CommandLine.Failed, code);
        Assert.Contains("is not empty. Name a new folder", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("backup")]
    [InlineData("restore", "--to", "x")]
    public async Task Wrong_usage_shows_the_usage(params string[] arguments)
    {
        var (code, printed) = await full.Store.RunAsync(arguments);

        Assert.Equal(CommandLine.InvalidUsage, code);
        Assert.Contains("./dev backup --to DIR", printed, StringComparison.Ordinal);
        Assert.Contains("./dev restore --from DIR", printed, StringComparison.Ordinal);
    }

    /// <summary>
    /// The restore is interrupted after an increasing number of calls, both before and after all rows are compared.
    /// </summary>
    [Fact]
    public async Task A_restore_that_was_interrupted_is_run_again_and_another_back_up_is_refused_meanwhile()
    {
        await using var target = await OperatedStore.StartAsync();
        var other = full.CopyBackup();
        await File.AppendAllTextAsync(Manifest.PathIn(other), "\n");
        var total = await CountCallsAsync();
        var marks = new List<bool>();
        for (var limit = total / 5; await InterruptedAsync(target, limit); limit += total / 10)
        {
            var marker = await target.Account.TableService.GetTableClient("ParleyRestore").QueryAsync<TableEntity>().SingleAsync();
            marks.Add(marker.GetBoolean("Verified")!.Value);
            await RefusedAsync(target, other, "The account holds an unfinished restore of another back-up.");
        }

        Assert.Contains(false, marks);
        Assert.Contains(true, marks);
        AssertEqualRows(full.Rows, await target.Account.ReadAllAsync());
        await RefusedAsync(target, full.Backup, "holds rows. Restore into an empty storage account.");
    }

    private async Task<int> CountCallsAsync()
    {
        await using var target = await OperatedStore.StartAsync();
        var calls = 0;
        await Restore(CallHook.Hooked(target.Account, target.ConnectionString, _ => Task.FromResult(Interlocked.Increment(ref calls))))
            .RunAsync(full.Backup, CancellationToken.None);
        return calls;
    }

    private async Task<bool> InterruptedAsync(OperatedStore target, int limit)
    {
        using var interrupt = new CancellationTokenSource();
        var calls = 0;
        var interrupted = CallHook.Hooked(
            target.Account, target.ConnectionString, _ => Interlocked.Increment(ref calls) >= limit ? interrupt.CancelAsync() : Task.CompletedTask);
        try
        {
            await Restore(interrupted).RunAsync(full.Backup, interrupt.Token);
            return false;
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return true;
        }
    }

    private static RestoreRun Restore(Account account) => new(account, new Progress(TextWriter.Null, TimeProvider.System), TimeProvider.System);

    /// <summary>
    /// The rows are equal except for those that schedule the deletion of restored idempotency keys a day after the
    /// restore, and those of deletions of tenants, which begin again.
    /// </summary>
    internal static void AssertEqualRows(IReadOnlyList<StoredRow> source, IReadOnlyList<StoredRow> restored)
    {
        (source, restored) = ([.. source.Where(row => !IsDeletion(row))], [.. restored.Where(row => !IsDeletion(row))]);
        var added = restored.Except(source).ToList();
        Assert.All(added, row => Assert.Matches(@"^Schedule k\|\d{8}\|\d{10}\|\d{8}$", $"{row.Table} {row.RowKey}"));
        var soonest = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(24);
        Assert.All(added, row => Assert.True(ScheduleRowKeys.ReadMinute(row.PartitionKey) > soonest));
        Assert.Equal(source, restored.Except(added));
    }

    private static bool IsDeletion(StoredRow row) => row.RowKey.StartsWith("erase|", StringComparison.Ordinal);

    private static async Task ReplaceInManifestAsync(string backup, string old, string replacement)
    {
        var path = Manifest.PathIn(backup);
        var text = await File.ReadAllTextAsync(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, text.Replace(old, replacement, StringComparison.Ordinal));
    }

    private static async Task RefusedAsync(OperatedStore target, string backup, string message)
    {
        var (code, printed) = await target.RunAsync("restore", "--from", backup);
        Assert.Equal(CommandLine.Failed, code);
        Assert.Contains(message, printed, StringComparison.Ordinal);
    }

    /// <summary>
    /// Runs half an hour later, so that conversations move in the lists. Their conversation rows contain ETags of the
    /// account that was backed up.
    /// </summary>
    private async Task AssertWorksAsync(OperatedStore target)
    {
        await using var host = await target.StartHostAsync(TimeSpan.FromMinutes(30));
        using var client = OperatedStore.ClientOf(host, full.ApiKey);
        Assert.Equal(full.Answers.Conversations, await FullStore.ConversationsAsync(client));
        Assert.Equal(WithoutLinks(full.Answers.Messages), WithoutLinks(await full.MessagesAsync(client)));

        // The same key returns the same conversation, and the next conversation gets the next number.
        var before = (await client.GetAsync("v1/conversations?pageSize=100", "results")).AsArray().Count;
        var replayed = await client.PostAsync(
            "v1/conversations", new { title = "Every kind", channel = "whatsApp", address = "+372 555", first_name = "Eve" }, "a conversation's key");
        Assert.Equal($"{full.Chat["id"]}", $"{replayed["id"]}");
        var next = await client.PostAsync("v1/conversations", new { title = "Next", channel = "whatsApp", address = "+372 555" });
        Assert.Equal(before + 1, next["number"]!.GetValue<int>());
        Assert.Single((await client.GetAsync("v1/senders?identifier=%2B372%20555", "results")).AsArray());

        // Its conversation row contains an ETag of the other account; the append still moves it in the lists.
        var appended = await client.PostTextAsync(full.Chat, "After the restore", "assistant");
        var newest = (await client.GetAsync("v1/conversations?pageSize=100", "results")).AsArray();
        Assert.Equal(before + 1, newest.Count);
        Assert.Contains(newest.Take(2), chat => $"{chat!["id"]}" == $"{full.Chat["id"]}");
        await client.PostTextAsync(full.Chat, "And once more", "assistant");

        var messages = (await client.GetAsync($"v1/conversations/{full.Chat["number"]}/messages?per_page=100&order=asc", "data")).AsArray();
        var own = messages.First(message => $"{message!["message"]}".StartsWith('é'))!;
        await client.CallAsync(HttpMethod.Put, $"v1/conversations/{full.Chat["number"]}/messages/{own["id"]}", new { message = "Edited" });
        await client.CallAsync(HttpMethod.Patch, $"v1/conversations/{full.Chat["number"]}", new { title = "Renamed" });
        Assert.Contains("After the restore", $"{messages}", StringComparison.Ordinal);

        // Pending follow-ups from before the restore, and new ones.
        var pending = (await client.CallAsync(HttpMethod.Get, "v1/chat-message-follow-ups?statuses=pending")).AsArray();
        var waiting = Assert.Single(pending)!;
        var cancelled = await client.CallAsync(HttpMethod.Delete, $"v1/chat-message-follow-ups/{waiting["id"]}");
        Assert.Equal("cancelled", $"{cancelled["status"]}");
        await client.FollowUpAsync(full.Chat, TimeSpan.FromHours(2));

        var export = await client.ExportAsync();
        Assert.True(export["rows"]!.GetValue<long>() >= messages.Count, $"{export}");
        Assert.NotNull(appended["id"]);
        Assert.NotNull(await client.PostAsync("v1/chatbots/1/completions", new { message = new { content = "Hello" } }));
    }

    /// <summary>Links are signed for each response, so they differ.</summary>
    private static string WithoutLinks(string messages) => Regex.Replace(
        messages, "\"http[^\"]*\"", "\"a link\"", RegexOptions.None, TimeSpan.FromSeconds(1));
}
