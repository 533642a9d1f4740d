using Parley.Core;
using Parley.Operations;
using Parley.Operations.Format;
using Parley.Operations.Restore;
using Parley.Senders;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Operations;

public sealed class IndexRowWriterTests : IDisposable
{
    private static readonly TenantId Tenant = new(1);
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("parley-index-");

    /// <summary>
    /// An identifier moves from sender 1 to 2 to 3 while the back-up reads their rows. The row of sender 3 is read
    /// before its change, and the row of sender 2 is read last with the identifier.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_sender_that_was_read_last_gets_an_identifier_that_passed_from_one_to_another(int inBackup)
    {
        await using var target = await OperatedStore.StartAsync();
        var tables = target.Account.Tables;
        await tables.CreateIfNotExistsAsync(CancellationToken.None);
        var (first, second) = (NewSender(1), NewSender(2));
        var (third, key) = (NewSender(3) with { Identifier = null }, SenderRow.LookupKeys(first).Single());
        await tables.Tenants.AddEntityAsync(SenderRow.LookupRow(NewSender(inBackup), key));

        await WriteAsync(tables, first, second, third);

        var finder = await tables.Tenants.FindAsync(Tenant.PartitionKey, key, CancellationToken.None);
        Assert.Equal(2, finder!.GetInt32("Sender"));
    }

    public void Dispose() => directory.Delete(recursive: true);

    private async Task WriteAsync(ParleyTables tables, params Sender[] senders)
    {
        var path = Path.Combine(directory.FullName, "Tenants.jsonl.gz");
        await using (var file = LineFile.Create(path))
        {
            foreach (var sender in senders)
            {
                await file.WriteAsync(RowLine.Write(SenderRow.Create(sender)), CancellationToken.None);
            }
        }

        var index = new IndexRowsOfFacts(tables, At);
        await new IndexRowWriter(new BatchWriter(new Progress(TextWriter.Null, TimeProvider.System)))
            .WriteAsync(path, index.OfTenantRow, CancellationToken.None);
    }

    private static Sender NewSender(int number) => new()
    {
        Key = new SenderKey(Tenant, number),
        WriteId = $"write {number}",
        Check = number,
        Revision = 1,
        Entity = SenderEntity.ExternalUser,
        Identifier = "+372 555",
        CreatedAt = At,
        UpdatedAt = At,
    };
}
