using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>
/// An attempt at an export's file whose steps a test takes one by one: those of ExportFileJob, and when they are due.
/// </summary>
internal sealed class WrittenAttempt : IAsyncDisposable
{
    private readonly ParleyProcess process;
    private readonly ExportLease lease;
    private readonly ExportBlob blob;
    private readonly TableWriter table;
    private readonly IAsyncEnumerator<string> positions;
    private Export export;
    private string? position;

    private WrittenAttempt(ParleyProcess process, ExportLease lease, ExportBlob blob, TableWriter table, IAsyncEnumerator<string> positions)
    {
        (this.process, this.lease, this.blob, this.table, this.positions) = (process, lease, blob, table, positions);
        export = lease.Export;
    }

    public ExportCheckpoint? Start => blob.Start;

    public ExportBlob Blob => blob;

    /// <summary>Takes the lease and the blob, and reads nothing yet.</summary>
    public static async Task<WrittenAttempt> BeginAsync(ParleyProcess process, ExportKey key)
    {
        var known = (await process.Exports.FindAsync(key, CancellationToken.None))!;
        var taken = (await process.ExportLeaseStore.TryTakeAsync(known, CancellationToken.None))!;
        var opened = await process.ExportFiles.OpenAsync(taken.Export, () => { }, CancellationToken.None);
        var content = await process.ExportContents.OpenAsync(known, CancellationToken.None);
        var writer = opened.Start is { } start
            ? TableWriter.Continue(known.Format, content.Columns, opened.Blocks, start.Counts)
            : TableWriter.Create(known.Format, content.Columns, opened.Blocks);
        return new WrittenAttempt(process, taken, opened, writer, content.WriteAsync(writer, opened.Start?.Position, CancellationToken.None).GetAsyncEnumerator());
    }

    /// <summary>Writes rows until the table has this many, and stores them.</summary>
    /// <returns>False when the row is not the attempt's any more.</returns>
    public async Task<bool> CheckpointAsync(int rows)
    {
        while (table.Rows < rows && await MoveNextAsync())
        {
        }

        Assert.NotNull(position);
        var checkpoint = await blob.CheckpointAsync(table, position, CancellationToken.None);
        var renewed = await process.ExportLeaseStore.RenewAsync(
            export with { Rows = table.Rows, Bytes = table.Bytes, Checkpoint = checkpoint, AttemptsStarted = 1 }, CancellationToken.None);
        export = renewed ?? export;
        return renewed is not null;
    }

    /// <summary>Writes the rest of the rows, and stages all blocks.</summary>
    public async Task<string> StageRestAsync()
    {
        while (await MoveNextAsync())
        {
        }

        await table.CompleteAsync(CancellationToken.None);
        return await blob.Blocks.CompleteAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await positions.DisposeAsync();
        await table.DisposeAsync();
        await blob.DisposeAsync();
        await lease.DisposeAsync();
    }

    /// <summary>Keeps the position of the last row, which the enumerator forgets at its end.</summary>
    private async Task<bool> MoveNextAsync()
    {
        if (!await positions.MoveNextAsync())
        {
            return false;
        }

        position = positions.Current;
        return true;
    }
}
