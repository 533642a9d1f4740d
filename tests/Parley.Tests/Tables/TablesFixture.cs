using System.Security.Cryptography;
using Azure.Data.Tables;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Tables;

/// <summary>A Table service for the tests of this folder, and a new table for each of them.</summary>
public sealed class TablesFixture : IAsyncLifetime
{
    private int _tables;

    public string ConnectionString { get; internal set; } = "";

    // Runs may share a service, so names are unique beyond this process.
    private string Prefix { get; } = $"t{RandomNumberGenerator.GetHexString(12, lowercase: true)}";

    public async Task InitializeAsync() => ConnectionString = await AzuriteFixture.GetConnectionStringAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public string NewTableName() => $"{Prefix}n{Interlocked.Increment(ref _tables)}";

    public async Task<TableClient> NewTableAsync(TableClientOptions? options = null)
    {
        var table = new TableServiceClient(ConnectionString, options ?? new TableClientOptions()).GetTableClient(NewTableName());
        await table.CreateIfNotExistsAsync();
        return table;
    }
}

[CollectionDefinition(Name)]
public sealed class OnTables : ICollectionFixture<TablesFixture>
{
    public const string Name = "Tables";
}
