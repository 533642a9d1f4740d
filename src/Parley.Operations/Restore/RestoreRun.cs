using Azure.Data.Tables;
using Parley.Assistants;
using Parley.Exports;
using Parley.Files;
using Parley.FollowUps;
using Parley.Operations.Backup;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// Restores a back-up into an empty account: checks the files, writes all rows, reads them back and compares, then
/// completes the index rows.
/// Every step may be repeated, so a restore that was interrupted is run again.
/// </summary>
internal sealed class RestoreRun(Account account, Progress progress, TimeProvider time)
{
    public async Task RunAsync(string directory, CancellationToken cancellation)
    {
        var manifest = await Manifest.ReadVerifiedAsync(directory, cancellation);
        var backup = await LineFile.HashAsync(Manifest.PathIn(directory), cancellation);
        var files = Clients().Select(table => (Table: table, File: FileOf(manifest, table.Name))).ToList();
        var marker = new RestoreMarker(account);
        var isVerified = await marker.BeginAsync(backup, cancellation);
        await CreateAsync(cancellation);
        if (!isVerified)
        {
            foreach (var (table, file) in files)
            {
                progress.Begin($"{file.Name} written", "rows");
                await new RowWriter(progress).WriteAsync(table, PathOf(directory, file), cancellation);
                progress.End();
            }

            foreach (var (table, file) in files)
            {
                progress.Begin($"{file.Name} compared", "rows");
                await new RowComparison(progress).CompareAsync(file, PathOf(directory, file), Stored(table, cancellation), cancellation);
                progress.End();
            }

            await marker.VerifiedAsync(backup, cancellation);
        }

        await CompleteIndexAsync(manifest, directory, cancellation);
        await new MissingBlobs(account, progress).ReportAsync(Path.Combine(directory, manifest.Blobs.File), cancellation);
        await ReportOverdueAsync(cancellation);
        await marker.EndAsync(cancellation);
        progress.Say($"The restore is complete: {manifest.Tables.Sum(table => table.Rows)} rows, each compared with the back-up.");
    }

    private TableClient[] Clients() => [account.Tables.Conversations, account.Tables.Keys, account.Tables.Tenants, account.Tables.Due];

    private static TableFile FileOf(Manifest manifest, string table) => manifest.Tables.SingleOrDefault(file => file.Name == table)
        ?? throw new OperationException($"The back-up has no table {table}. Use another one.");

    private static string PathOf(string directory, TableFile file) => Path.Combine(directory, Path.GetFileName(file.File));

    private IAsyncEnumerable<TableEntity> Stored(TableClient table, CancellationToken cancellation) => table == account.Tables.Tenants
        ? TenantRows.ReadAsync(account.Tables, cancellation)
        : table.QueryAsync<TableEntity>(cancellationToken: cancellation);

    private async Task CreateAsync(CancellationToken cancellation)
    {
        using var files = new FileStore(account.Blobs, time, new Entropy());
        using var exports = new ExportFiles(account.Blobs, time);
        var setup = new StorageSetup(
            account.Tables, files, exports, new FollowUpQueue(account.Queues), new ExportQueues(account.Queues), new ReplyQueue(account.Queues));
        await setup.StartAsync(cancellation);
    }

    private async Task CompleteIndexAsync(Manifest manifest, string directory, CancellationToken cancellation)
    {
        progress.Begin("Index rows completed", "rows");
        var (index, writer) = (new IndexRowsOfFacts(account.Tables, time.GetUtcNow()), new IndexRowWriter(progress));
        await writer.WriteAsync(PathOf(directory, FileOf(manifest, account.Tables.Conversations.Name)), index.OfConversationRow, cancellation);
        await writer.WriteAsync(PathOf(directory, FileOf(manifest, account.Tables.Tenants.Name)), index.OfTenantRow, cancellation);
        progress.End();
    }

    /// <summary>Says what the app will do as soon as it starts.</summary>
    private async Task ReportOverdueAsync(CancellationToken cancellation)
    {
        var now = RowKeys.DuePartition(time.GetUtcNow());
        foreach (var (kind, what) in new[] { (RowKeys.DueFollowUps, "follow-ups"), (RowKeys.DueExports, "steps of exports"), (RowKeys.DueTurns, "completions") })
        {
            var count = await account.Tables.Due
                .QueryAsync<TableEntity>(Filters.Until(now, kind), select: ["RowKey"], cancellationToken: cancellation).CountAsync(cancellation);
            if (count > 0)
            {
                progress.Say($"{count} {what} are due already. The app acts on them as soon as it starts; see docs/operations.md.");
            }
        }
    }
}
