using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Queues;
using Parley.DevHost.Settings;
using Parley.DevHost.Triggers;
using Parley.DevHost.Worker;
using Parley.Testing;

namespace Parley.Tests.DevHost;

/// <summary>A queue of one test with its poison queue, and hosts with a function that receives its messages.</summary>
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

    /// <summary>The number of messages, including hidden ones.</summary>
    public async Task<int> CountAsync() => (await Client.GetPropertiesAsync()).Value.ApproximateMessagesCount;

    /// <summary>
    /// Starts a listener of this queue; <paramref name="queues"/> is the section of that name in host.json.
    /// </summary>
    public TriggerListener Listen(TriggerStage stage, string queues = "{}", TimeProvider? time = null)
    {
        var hostJson = Path.GetTempFileName();
        File.WriteAllText(hostJson, $$"""{ "version": "2.0", "extensions": { "queues": {{queues}} } }""");
        var listener = stage.NewListener(
            TriggerStage.Function("TakesMessages", new TriggerBinding { Name = "message", Type = "queueTrigger", QueueName = "%TestQueue%" }),
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = connectionString, ["TestQueue"] = Name },
            HostJson.Read(hostJson).Queues,
            time ?? TimeProvider.System);
        File.Delete(hostJson);
        listener.Start();
        return listener;
    }
}
