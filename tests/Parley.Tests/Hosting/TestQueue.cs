using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Queues;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Parley.LocalHost;
using Parley.Testing;

namespace Parley.Tests.Hosting;

/// <summary>A queue of one test, with its poison queue, and hosts whose function takes its messages.</summary>
internal sealed class TestQueue
{
    private readonly string connectionString;

    private TestQueue(string connectionString)
    {
        this.connectionString = connectionString;
        Name = $"hosting-{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        Client = new QueueClient(connectionString, Name);
        Poison = new QueueClient(connectionString, $"{Name}-poison");
    }

    public string Name { get; }

    public QueueClient Client { get; }

    public QueueClient Poison { get; }

    public static async Task<TestQueue> NameAsync() => new(await AzuriteFixture.GetConnectionStringAsync());

    public static async Task<TestQueue> CreateAsync(params string[] messages)
    {
        var queue = await NameAsync();
        await queue.Client.CreateAsync();
        foreach (var message in messages)
        {
            await queue.SendAsync(message);
        }

        return queue;
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public Task SendAsync(string text) => Client.SendMessageAsync(Base64(text));

    /// <summary>How many messages there are, hidden ones included.</summary>
    public async Task<int> CountAsync() => (await Client.GetPropertiesAsync()).Value.ApproximateMessagesCount;

    /// <summary>Starts a host whose function takes this queue's messages; <paramref name="queues"/> is that section of host.json.</summary>
    public Task<ParleyHost> StartHostAsync(TriggerStage stage, string queues = "{}", TimeProvider? time = null) =>
        TestApp.StartAsync(
            $$"""{ "version": "2.0", "extensions": { "queues": {{queues}} } }""",
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = connectionString, ["TestQueue"] = Name },
            services => services.AddSingleton(stage).AddSingleton<ILoggerProvider>(stage).AddSingleton(time ?? TimeProvider.System),
            typeof(QueueFunctions));
}
