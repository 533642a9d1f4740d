using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// Changes exports: each change one write of the row under its ETag, with the rows of Due that it needs before it and those that it leaves behind after it.
/// </summary>
public sealed class ExportWriter(ParleyTables tables, ExportReader reader, ExportIndex index, OptimisticUpdate edits)
{
    /// <summary>Makes a change.</summary>
    /// <param name="known">The export.</param>
    /// <param name="isLatest">
    /// Whether it is as it was last read or written, which saves a read. Not so for clients, of whom several may have read it before they take turns here.
    /// </param>
    /// <param name="change">Makes it what it is to be, from what it is; the same when there is nothing to change. Refuses by throwing.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What is there then.</returns>
    /// <exception cref="Core.ParleyException">
    /// <see cref="Core.ErrorCode.Busy"/>, <see cref="Core.ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    internal async Task<Export> ChangeAsync(Export known, bool isLatest, Func<Export, Export> change, CancellationToken cancellation)
    {
        var before = known;
        var after = await edits.WriteAsync(
            tables.Tenants,
            $"{known.Key.Tenant.PartitionKey}|{ExportRowKeys.Export(known.Key.Number)}",
            isLatest ? OptimisticUpdate.StartWith(known, FindAsync) : FindAsync,
            export => new RowVersion(export.Revision, export.EditId, export.ETag),
            async (export, editId, token) =>
            {
                var changed = change(export);
                if (changed == export)
                {
                    return new Edit<Export>(export, []);
                }

                before = export;
                changed = changed with { Revision = export.Revision + 1, EditId = editId };
                await index.WriteAsync(export, changed, token);
                return new Edit<Export>(changed, [new(TableTransactionActionType.UpdateReplace, ExportRow.Create(changed), export.ETag)]);
            },
            cancellation);
        await index.DropAsync(before, after, cancellation);
        return after;

        async Task<Export> FindAsync(CancellationToken token) =>
            await reader.FindAsync(known.Key, token) ?? throw new InvalidOperationException($"Export {known.Id} vanished.");
    }
}
