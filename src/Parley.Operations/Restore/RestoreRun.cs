using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Cleanup;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Operations.Backup;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// Restores a back-up into an empty account: checks the files, writes all rows, reads them back, compares them, and
/// completes the index rows. Every step may be repeated, so an interrupted restore is resumed by running it again.
/// </summary>
internal sealed class RestoreRun(Account account, Progress progress, TimeProvider time)
{
    private readonly BatchWriter writer = new(progress);

    public async Task RunAsync(string directory, CancellationToken cancellation)
    {
        var manifest = await Manifest.ReadVerifiedAsync(directory, cancellation);
        var backup = await LineFile.HashAsync(Manifest.PathIn(directory), cancellation);
        var files = account.Tables.All
            .Where(table => table != account.Tables.Schedule || manifest.Tables.Any(file => file.Name == table.Name))
            .Select(table => (Table: table, File: FileOf(manifest, table.Name))).ToList();
        var marker = new RestoreMarker(account);
        var isVerified = await marker.BeginAsync(backup, cancellation);
        await CreateAsync(cancellation);
        if (!isVerified)
        {
            foreach (var (table, file) in files)
            {
                progress.Begin($"{file.Name} written", "rows");
                await new RowWriter(writer).WriteAsync(table, PathOf(directory, file), cancellation);
                progress.End();
            }

            foreach (var (table, file) in files)
            {
                progress.Begin($"{file.Name} compared", "rows");
                await new RowComparison(progress)
                    .CompareAsync(file, PathOf(directory, file), Stored(table, cancellation), cancellation);
                progress.End();
            }

            await marker.VerifiedAsync(backup, cancellation);
        }

        await CompleteIndexAsync(manifest, directory, cancellation);
        await BeginDeletionsAgainAsync(cancellation);
        await new MissingBlobs(account, progress)
            .ReportAsync(Manifest.PathOf(directory, manifest.Blobs.File), cancellation);
        await ReportOverdueAsync(cancellation);
        await marker.EndAsync(cancellation);
        var restored = manifest.Tables.Sum(table => table.Rows);
        progress.Print($"The restore is complete: {restored} rows, each compared with the back-up.");
    }

    private static TableFile FileOf(Manifest manifest, string table) =>
        manifest.Tables.SingleOrDefault(file => file.Name == table)
        ?? throw new OperationException($"The back-up has no table {table}. Use another one.");

    private static string PathOf(string directory, TableFile file) => Manifest.PathOf(directory, file.File);

    private IAsyncEnumerable<TableEntity> Stored(TableClient table, CancellationToken cancellation) =>
        table == account.Tables.Tenants
            ? TenantRows.ReadAsync(account.Tables, cancellation)
            : table.QueryAsync<TableEntity>(cancellationToken: cancellation);

    private async Task CreateAsync(CancellationToken cancellation)
    {
        using var files = new FileStore(account.Blobs, time, new RandomSource());
        using var exports = new ExportFiles(account.Blobs, time);
        var creation = new StorageCreation(
        [
            account.Tables,
            files,
            exports,
            new WorkQueue<FollowUpChunk>(account.Queues, time),
            new WorkQueue<ExportStep>(account.Queues, time),
            new WorkQueue<QueuedReply>(account.Queues, time),
        ]);
        await creation.StartAsync(cancellation);
    }

    private async Task BeginDeletionsAgainAsync(CancellationToken cancellation)
    {
        var stores = new ErasedStores(
            account.Tables, new ScheduleOptions(ScheduleTable.Schedule), account.Blobs);
        var erasures = new TenantErasures(
            account.Tables, stores, time, new WriteBudget(time, new RandomSource()));
        var count = await erasures.BeginAgainAsync(cancellation);
        if (count > 0)
        {
            progress.Print($"{count} deleted tenants are erased again by the app, with what the back-up has of them.");
        }
    }

    private async Task CompleteIndexAsync(Manifest manifest, string directory, CancellationToken cancellation)
    {
        progress.Begin("Index rows completed", "rows");
        var conversations = PathOf(directory, FileOf(manifest, account.Tables.Conversations.Name));
        var tenants = PathOf(directory, FileOf(manifest, account.Tables.Tenants.Name));
        var (index, rows) = (new IndexRowsOfFacts(account.Tables, time.GetUtcNow()), new IndexRowWriter(writer));
        await rows.WriteAsync(conversations, index.OfConversationRow, cancellation);
        await rows.WriteAsync(tenants, index.OfTenantRow, cancellation);
        progress.End();
    }

    /// <summary>
    /// Prints the maximum number of overdue items that the app may process as soon as it starts. The exact number
    /// depends on the entities: a schedule row may be left over from an earlier state of its entity.
    /// </summary>
    private async Task ReportOverdueAsync(CancellationToken cancellation)
    {
        var schedule = new Schedule(account.Tables, new ScheduleOptions(ScheduleTable.Schedule));
        (string Start, string Name)[] kinds =
        [
            (FollowUpRowKeys.ScheduledFollowUps, "follow-ups"),
            (ExportRowKeys.ScheduledExports, "steps of exports"),
            (CompletionRowKeys.ScheduledCompletions, "completions"),
        ];
        foreach (var (start, name) in kinds)
        {
            // The restore has written a row of Schedule for each of them, also for those with a row of Due.
            var count = await schedule.ReadDueAsync(start, time.GetUtcNow(), cancellation)
                .CountAsync(row => !row.IsInDue && !IsExpiry(row), cancellation);
            if (count > 0)
            {
                progress.Print(
                    $"Up to {count} {name} are due already. "
                    + "The app acts on them as soon as it starts; see docs/operations.md.");
            }
        }
    }

    /// <summary>True for the removal of an export's file, which is not reported because it sends nothing.</summary>
    private static bool IsExpiry(ScheduledRow row) =>
        row.RowKey.StartsWith(ExportRowKeys.ScheduledExports, StringComparison.Ordinal)
        && ExportRowKeys.ReadScheduledExport(row.RowKey).Step is null;
}
