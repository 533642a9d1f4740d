using Azure;
using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// Stores which back-up is being restored, from before the first write until the restore is complete. An interrupted
/// restore can be resumed; an account in use is never written to.
/// </summary>
internal sealed class RestoreMarker(Account account)
{
    private const string Name = "ParleyRestore";
    private const string Key = "restore";
    private const string Backup = "Backup";
    private const string Verified = "Verified";

    private readonly TableClient table = account.TableService.GetTableClient(Name);

    /// <summary>Marks the account, or finds this back-up's mark.</summary>
    /// <param name="backup">SHA-256 of the manifest.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether an earlier run has already checked that all rows are there.</returns>
    /// <exception cref="OperationException">The account holds rows, or an unfinished restore of another
    /// back-up.</exception>
    public async Task<bool> BeginAsync(string backup, CancellationToken cancellation)
    {
        if (await FindAsync(cancellation) is { } marker)
        {
            return marker.GetString(Backup) == backup
                ? marker.GetBoolean(Verified) == true
                : throw new OperationException(
                    "The account holds an unfinished restore of another back-up. Finish that one, or restore into another, empty account.");
        }

        foreach (var client in account.Tables.All)
        {
            if (await HasRowsAsync(client, cancellation))
            {
                throw new OperationException(
                    $"The table {client.Name} of account {account.TableService.AccountName} holds rows. Restore into an empty storage account.");
            }
        }

        await table.CreateIfNotExistsAsync(cancellation);
        try
        {
            // Inserted under one key, so that of two restores that begin at once only one does.
            await table.AddEntityAsync(Row(backup, isVerified: false), cancellation);
            return false;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            throw new OperationException("Another restore into this account has just begun. Wait until it has ended.", e);
        }
    }

    public Task VerifiedAsync(string backup, CancellationToken cancellation) =>
        table.UpdateEntityAsync(Row(backup, isVerified: true), ETag.All, TableUpdateMode.Replace, cancellation);

    public Task EndAsync(CancellationToken cancellation) => table.DeleteAsync(cancellation);

    private static TableEntity Row(string backup, bool isVerified) => new(Key, Key) { [Backup] = backup, [Verified] = isVerified };

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
            return await client.QueryAsync<TableEntity>(maxPerPage: 1, cancellationToken: cancellation).AnyAsync(cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // A table that does not exist is empty.
            return false;
        }
    }
}
