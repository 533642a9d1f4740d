using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Backup;

/// <summary>
/// Writes a back-up. Its guarantees (docs/operations.md) depend on the order of the tables: conversations are read
/// before the tenants' counters, so that no conversation has a number above its counter.
/// </summary>
internal sealed class BackupRun(Account account, Progress progress, TimeProvider time)
{
    private const string BlobsFile = "blobs.jsonl.gz";

    /// <summary>
    /// Maximum number of rows a page; null for the service's own limit. Tests set it to get many writes between two
    /// pages.
    /// </summary>
    internal int? PageRows { get; init; }

    public async Task RunAsync(string directory, CancellationToken cancellation)
    {
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new OperationException(
                $"{directory} is not empty. Name a new folder, so that no back-up mixes with another.");
        }

        CreateFolder(directory);
        var startedAt = time.GetUtcNow();
        var tables = account.Tables;
        var snapshots = new ConversationSnapshots(tables, progress, time) { PageRows = PageRows };
        List<TableFile> files;
        BlobFile blobs;
        try
        {
            files =
            [
                await WriteAsync(directory, tables.Conversations, snapshots.WriteAsync, cancellation),
                await WriteAsync(directory, tables.Keys, Rows(Scan(tables.Keys)), cancellation),
                await WriteAsync(
                    directory,
                    tables.Tenants,
                    Rows(token => TenantRows.ReadAsync(tables, token, PageRows)),
                    cancellation),
                await WriteAsync(directory, tables.Due, Rows(Scan(tables.Due)), cancellation),
            ];
            if (await HasScheduleAsync(cancellation))
            {
                files.Add(await WriteAsync(directory, tables.Schedule, Rows(Scan(tables.Schedule)), cancellation));
            }

            blobs = await WriteBlobsAsync(directory, cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            throw new OperationException(
                $"Account {account.TableService.AccountName} lacks a table or a container of Parley ({e.ErrorCode}). "
                + "Check that AzureWebJobsStorage names the right one.",
                e);
        }

        var manifest = new Manifest(
            Manifest.CurrentVersion,
            startedAt,
            time.GetUtcNow(),
            account.TableService.AccountName,
            files,
            blobs);
        await manifest.WriteAsync(directory, cancellation);
        if (snapshots.Repeated > 0)
        {
            progress.Print($"{snapshots.Repeated} conversations changed while they were read, and were read again.");
        }

        progress.Print(
            $"The back-up is complete: {Manifest.PathIn(directory)}. "
            + $"It names {blobs.Count} blobs and does not contain them.");
    }

    /// <summary>
    /// Only the current user may read the folder, because rows contain webhook secrets and the key that signs cursors.
    /// </summary>
    private static void CreateFolder(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(
                directory,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>
    /// False for an account that only versions before 0.2.0 have used: they do not create that table.
    /// </summary>
    private ValueTask<bool> HasScheduleAsync(CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"TableName eq {account.Tables.Schedule.Name}");
        return account.TableService.QueryAsync(filter, cancellationToken: cancellation).AnyAsync(cancellation);
    }

    private Func<CancellationToken, IAsyncEnumerable<TableEntity>> Scan(TableClient table) =>
        token => table.QueryAsync<TableEntity>(maxPerPage: PageRows, cancellationToken: token);

    private Func<LineFile, CancellationToken, Task> Rows(
        Func<CancellationToken, IAsyncEnumerable<TableEntity>> read) => async (file, cancellation) =>
    {
        await foreach (var row in read(cancellation))
        {
            await file.WriteAsync(RowLine.Write(row), cancellation);
            progress.Add(1);
        }
    };

    private async Task<TableFile> WriteAsync(
        string directory,
        TableClient table,
        Func<LineFile, CancellationToken, Task> write,
        CancellationToken cancellation)
    {
        var name = $"{table.Name}.jsonl.gz";
        var path = Path.Combine(directory, name);
        var (lines, sha256) = await WriteFileAsync(path, table.Name, "rows", write, cancellation);
        return new TableFile(table.Name, lines, sha256, name);
    }

    private async Task<BlobFile> WriteBlobsAsync(string directory, CancellationToken cancellation)
    {
        var bytes = 0L;
        var path = Path.Combine(directory, BlobsFile);
        var (lines, sha256) = await WriteFileAsync(path, "Names of blobs", "blobs", async (file, token) =>
        {
            foreach (var container in Account.Containers)
            {
                var blobs = account.Blobs.GetBlobContainerClient(container)
                    .GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix: null, token);
                await foreach (var blob in blobs)
                {
                    var line = BlobLine.Of(container, blob);
                    bytes += line.Bytes;
                    await file.WriteAsync(line.Write(), token);
                    progress.Add(1);
                }
            }
        }, cancellation);
        return new BlobFile(lines, bytes, sha256, BlobsFile);
    }

    private async Task<(long Lines, string Sha256)> WriteFileAsync(
        string path,
        string stage,
        string unit,
        Func<LineFile, CancellationToken, Task> write,
        CancellationToken cancellation)
    {
        progress.Begin(stage, unit);
        long lines;
        await using (var file = LineFile.Create(path))
        {
            await write(file, cancellation);
            lines = file.Lines;
        }

        progress.End();
        return (lines, await LineFile.HashAsync(path, cancellation));
    }
}
