using Parley.Testing.TableService;

namespace Parley.Testing;

/// <summary>
/// A Table service in memory, stricter than Azurite: the data of one account. <see cref="Connect"/> returns a transport
/// that represents one process; set it as <c>TableClientOptions.Transport</c>. It implements the wire protocol for the
/// real client. A request that it does not understand throws NotSupportedException. docs/testing.md lists the
/// differences from Azurite.
/// </summary>
/// <param name="time">Sets the timestamps of rows. ETags do not depend on it.</param>
public sealed class StrictTables(TimeProvider time)
{
    /// <summary>
    /// An invented account; the key is the word "key" in base64. Any other connection string works as well, because
    /// nothing is sent over a network.
    /// </summary>
    public const string ConnectionString = "DefaultEndpointsProtocol=https;AccountName=strict;AccountKey=a2V5;TableEndpoint=https://strict.table.invalid";

    private readonly Service service = new(time);

    /// <summary>The service's present time: the header Date of its responses.</summary>
    internal DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Creates a process's connection.</summary>
    /// <param name="process">The name of the process in traces.</param>
    /// <param name="hooks">Hooks around its calls.</param>
    public TableConnection Connect(string process = "test", TableHooks? hooks = null) => new(this, process, hooks ?? new TableHooks());

    /// <summary>Stores copies of a row under other keys: the fast way to many rows.</summary>
    public void Copy(string table, string partitionKey, string rowKey, IEnumerable<RowCopy> copies) =>
        service.Copy(table, partitionKey, rowKey, copies);

    internal ServiceResponse Execute(TableRequest request, int? pageRows) => service.Execute(request, pageRows);

    internal void Fill(string table, IEnumerable<(string PartitionKey, string RowKey, Property[] Properties)> rows) => service.Fill(table, rows);
}

/// <summary>The keys of a copy, and the values of properties that differ from the original's, of the same types.</summary>
public readonly record struct RowCopy(string PartitionKey, string RowKey, IReadOnlyDictionary<string, object> Changed);
