using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

public class ConcurrencyTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task A_thousand_messages_by_16_clients_each_sent_twice_are_a_thousand_messages()
    {
        const int Clients = 16;
        const int Messages = 1000;
        var conversations = new int[10];
        for (var i = 0; i < conversations.Length; i++)
        {
            conversations[i] = await parley.Client.CreateConversationAsync();
        }

        var next = -1;
        var acknowledged = new string[Messages];
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            var client = parley.NewClient(parley.ApiKey);
            for (int i; (i = Interlocked.Increment(ref next)) < Messages;)
            {
                // Both at once, so that the two requests of a pair also race.
                var path = $"v1/conversations/{conversations[i % conversations.Length]}/messages";
                var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => PostUntilStoredAsync(client, path, i)));
                Assert.Equal(answers[0].Id, answers[1].Id);
                Assert.Single(answers, answer => answer.Replayed);
                acknowledged[i] = answers[0].Id;
            }
        }));

        Assert.Equal(Messages, acknowledged.Distinct().Count());
        foreach (var conversation in conversations)
        {
            var page = await parley.Client.ListAsync(conversation, "?per_page=100&order=asc");
            var stored = page["data"]!.AsArray().Select(message => message!).ToList();
            Assert.Equal(100, page["meta"]!["total"]!.GetValue<int>());
            Assert.Equal(Enumerable.Range(1, 100), stored.Select(message => (int)(message["id"]!.GetValue<long>() & 0x3FFFFF)));
            Assert.Equal(
                Enumerable.Range(0, Messages).Where(i => conversations[i % conversations.Length] == conversation).Select(i => $"message {i}").Order(),
                stored.Select(message => message["message"]!.GetValue<string>()).Order());
            Assert.All(stored, message => Assert.Equal(acknowledged[int.Parse(message["message"]!.GetValue<string>()[8..], CultureInfo.InvariantCulture)], $"{message["id"]}"));
            Assert.Equal(stored.Select(message => message["created_at"]!.GetValue<string>()).Order(), stored.Select(message => message["created_at"]!.GetValue<string>()));
        }
    }

    [Fact]
    public async Task A_hundred_patches_of_a_hundred_senders_succeed()
    {
        var senders = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            var sender = await parley.Client.CallAsync(
                HttpMethod.Post, "v1/senders", new { entity = "external_user", name = "Before" }, HttpStatusCode.Created);
            senders.Add(ApiHelpers.Text(sender["id"])!);
        }

        var statuses = await Task.WhenAll(senders.Select(async sender =>
        {
            using var response = await parley.Client.PatchAsJsonAsync($"v1/senders/{sender}", new { name = "After" });
            return response.StatusCode;
        }));

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [Theory]
    [InlineData(16, false)]
    [InlineData(40, true)]
    public async Task Clients_of_one_conversation_are_served_or_asked_to_retry(int clients, bool mayBeBusy)
    {
        const int Each = 10;
        var conversation = await parley.Client.CreateConversationAsync();
        var taken = 0;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            for (var i = 0; i < Each; i++)
            {
                using var response = await parley.Client.SendJsonAsync(
                    HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = $"{client}/{i}" });
                if (mayBeBusy && response.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    await response.AssertProblemAsync(503, "busy");
                    Assert.NotNull(response.Headers.RetryAfter);
                }
                else
                {
                    await response.ReadAsync();
                    Interlocked.Increment(ref taken);
                }
            }
        }));

        var page = await parley.Client.ListAsync(conversation);
        Assert.Equal(taken, page["meta"]!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task Two_hosts_on_one_storage_keep_numbers_dense()
    {
        if (parley.RunsElsewhere)
        {
            return; // The storage of a host that runs elsewhere is not available for a second host.
        }

        await using var second = await TestHost.StartAsync(new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync() });
        var secondClient = parley.NewClient(parley.ApiKey, second.Api);
        var conversation = await parley.Client.CreateConversationAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 2).SelectMany(host => Enumerable.Range(0, 4).Select(async client =>
        {
            var http = host == 0 ? parley.Client : secondClient;
            var ids = new List<string>();
            for (var i = 0; i < 15; i++)
            {
                ids.Add((await PostUntilStoredAsync(http, $"v1/conversations/{conversation}/messages", (host * 4 + client) * 15 + i)).Id);
            }

            return ids;
        })));

        var page = await parley.Client.ListAsync(conversation, "?per_page=100");
        Assert.Equal(120, answers.SelectMany(ids => ids).Distinct().Count());
        Assert.Equal(120, page["meta"]!["total"]!.GetValue<int>());
    }

    /// <summary>
    /// Posts like a well-behaved client: after a 503 it waits and sends the same request again under the same key.
    /// </summary>
    private static async Task<(string Id, bool Replayed)> PostUntilStoredAsync(HttpClient client, string path, int i)
    {
        while (true)
        {
            using var response = await client.SendJsonAsync(HttpMethod.Post, path, new { message = $"message {i}" }, ("Idempotency-Key", $"{path} {i}"));
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                await Task.Delay(response.Headers.RetryAfter!.Delta!.Value, TimeProvider.System);
                continue;
            }

            JsonNode answer = await response.ReadAsync();
            return (answer["data"]!["message_id"]!.GetValue<string>(), response.Headers.Contains("Idempotent-Replayed"));
        }
    }
}
