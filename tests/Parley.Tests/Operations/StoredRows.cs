using System.Text;
using Azure.Data.Tables;
using Parley.Operations;
using Parley.Operations.Format;

namespace Parley.Tests.Operations;

/// <summary>
/// A row with its properties and their types as one text, so that unequal rows show their difference.
/// </summary>
internal sealed record StoredRow(string Table, string PartitionKey, string RowKey, string Line);

/// <summary>Reads whole accounts.</summary>
internal static class StoredRows
{
    /// <summary>Every row of all tables, in the order of tables and keys.</summary>
    public static async Task<List<StoredRow>> ReadAllAsync(this Account account)
    {
        var rows = new List<StoredRow>();
        foreach (var table in account.Tables.All)
        {
            await foreach (var row in table.QueryAsync<TableEntity>())
            {
                rows.Add(new StoredRow(table.Name, row.PartitionKey, row.RowKey, Encoding.ASCII.GetString(RowLine.Write(row).Span)));
            }
        }

        return rows;
    }
}
