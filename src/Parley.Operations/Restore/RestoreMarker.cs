using Azure;
using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// A row that identifies the back-up being restored. It exists from before the first write until the restore is
/// complete, so an interrupted restore can be resumed and an account in use is never written to.
/// </summary>
internal sealed class RestoreMarker(Account account)
{
    private const string Name = "ParleyRestore";
    private const string Key = "restore";
    private const string Backup = "Backup";
    private const string Verified = "Verified";

    private readonly TableClient table = account.TableService.GetTableClient(Name);

    /// <summary>Writes the marker, or reads the one of an earlier run with the same back-up.</summary>
    /// <param name="backup">SHA-256 of the manifest.</param>
    /// <returns>True if an earlier run has already compared all rows with the back-up.</returns>
    /// <exception cref="OperationException">
    /// The account contains rows or an unfinished restore of another back-up, or another restore has just begun.
    /// </exception>
    public async Task<bool> BeginAsync(string backup, CancellationToken cancellation)
    {
        if (await FindAsync(cancellation) is { } marker)
        {
            return marker.GetString(Backup) == backup
                ? marker.GetBoolean(Verified) == true
                : throw new OperationException(
                    "The account holds an unfinished restore of another back-up. "
                    + "Finish that one, or restore into another, empty account.");
        }

        foreach (var client in account.Tables.All)
        {
            if (await HasRowsAsync(client, cancellation))
            {
                throw new OperationException(
                    $"The table {client.Name} of account {account.TableService.AccountName} holds rows. "
                    + "Restore into an empty storage account.");
            }
        }

        await table.CreateIfNotExistsAsync(cancellation);
        try
        {
            // An insert under a fixed key: if two restores begin at the same time, only one succeeds.
            await table.AddEntityAsync(Row(backup, isVerified: false), cancellation);
            return false;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            throw new OperationException(
                "Another restore into this account has just begun. Wait until it has ended.",
                e);
        }
    }

    public Task VerifiedAsync(string backup, CancellationToken cancellation) =>
        table.UpdateEntityAsync(Row(backup, isVerified: true), ETag.All, TableUpdateMode.Replace, cancellation);

    public Task EndAsync(CancellationToken cancellation) => table.DeleteAsync(cancellation);

    private static TableEntity Row(string backup, bool isVerified) =>
        new(Key, Key) { [Backup] = backup, [Verified] = isVerified };

    private async Task<TableEntity?> FindAsync(CancellationToken cancellation)
    {
        try
        {
            return await table.GetEntityAsync<TableEntity>(Key, Key, cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            return null;
        }
    }

    private static async Task<bool> HasRowsAsync(TableClient client, CancellationToken cancellation)
    {
        try
        {
            return await client.QueryAsync<TableEntity>(maxPerPage: 1, cancellationToken: cancellation)
                .AnyAsync(cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // A table that does not exist contains no rows.
            return false;
        }
    }
}
