using Azure.Data.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Exports;
using Parley.Functions.Triggers;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Functions.Triggers;

public class QueueMessagesTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData(TenantState.Active, true)]
    [InlineData(TenantState.Suspended, true)]
    [InlineData(TenantState.Deleting, false)]
    [InlineData(TenantState.Deleted, false)]
    public async Task A_message_of_a_deleted_tenant_is_dropped(TenantState? state, bool runs)
    {
        var time = new VirtualTime();
        var process = new ParleyProcess(new StrictTables(time).Connect(), time, seed: 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var tenant = new TenantId(7);
        if (state is { } stored)
        {
            var profile = new TableEntity(tenant.PartitionKey, "profile") { ["State"] = (int)stored };
            await process.Tables.Tenants.AddEntityAsync(profile);
        }

        var ran = false;
        var states = new TenantStates(process.Tables, time);
        await new QueueMessages(states, time, NullLogger<QueueMessages>.Instance).ProcessAsync<ExportStep>(
            new ExportStep(tenant.Number, Export: 1, Step: 0).ToJson(),
            new Dictionary<string, object?>(),
            (_, _) =>
            {
                ran = true;
                return Task.CompletedTask;
            },
            onFailure: null,
            CancellationToken.None);

        Assert.Equal(runs, ran);
    }
}
