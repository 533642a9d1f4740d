using System.Net.Sockets;
using Azure.Storage.Queues;
using Parley.DevHost.Emulator;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class AzuriteTests
{
    [Fact]
    public async Task Azurite_serves_the_account_of_its_connection_string_until_it_is_disposed()
    {
        var azurite = await Azurite.StartAsync(directory: null, Console.Error.WriteLine);
        var queue = new QueueClient(azurite.ConnectionString, "greetings");
        await queue.CreateAsync();
        Assert.True(await queue.ExistsAsync());
        await azurite.DisposeAsync();
        using var late = new TcpClient();
        await Assert.ThrowsAnyAsync<SocketException>(() => late.ConnectAsync(queue.Uri.Host, queue.Uri.Port));
    }

    [Fact]
    public async Task Data_in_a_directory_is_there_again_after_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("parley-azurite-").FullName;
        await using (var first = await Azurite.StartAsync(directory, Console.Error.WriteLine))
        {
            await new QueueClient(first.ConnectionString, "kept").CreateAsync();
        }

        await using (var second = await Azurite.StartAsync(directory, Console.Error.WriteLine))
        {
            Assert.True(await new QueueClient(second.ConnectionString, "kept").ExistsAsync());
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_start_that_is_given_up_is_reported()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Azurite.StartAsync(directory: null, Console.Error.WriteLine, cancelled.Token));
    }
}
