using System.Net;
using System.Net.Http.Json;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>Calls that are open when their key is revoked, or whose client has left.</summary>
public class OpenCallTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task The_open_calls_of_a_revoked_key_end_and_those_of_other_keys_continue()
    {
        var tenant = await parley.CreateTenantAsync("Open calls");
        var owner = parley.NewClient(tenant.ApiKey);
        var admin = parley.NewClient(parley.AdminKey);
        var created = await admin.CallAsync(
            HttpMethod.Post,
            $"v1/admin/tenants/{tenant.Tenant}/keys",
            new { label = "Revoked", scopes = new[] { "assistants:use" } },
            HttpStatusCode.Created);
        var revoked = parley.NewClient(created["key"]!.GetValue<string>());
        var path = $"v1/chatbots/{(await owner.NewChatbotAsync())["id"]}/completions";
        using var ownerStream = owner.Streaming();
        using var revokedStream = revoked.Streaming();
        using var continues = await CompletionReader.OpenAsync(ownerStream, HttpMethod.Post, path, Slow(words: 1000, isStreaming: true));
        using var producing = await CompletionReader.OpenAsync(revokedStream, HttpMethod.Post, path, Slow(words: 1000, isStreaming: true));
        using var listening = await CompletionReader.OpenAsync(
            revokedStream, HttpMethod.Get, $"{continues.Path}/events", body: null);
        var waiting = revoked.SendJsonAsync(HttpMethod.Post, path, Slow(words: 1000, isStreaming: false));

        await admin.CallAsync(HttpMethod.Delete, $"v1/admin/tenants/{tenant.Tenant}/keys/{created["id"]}");
        var began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(AssertCutOffAsync(producing), AssertCutOffAsync(listening), AssertRefusedAsync(waiting));

        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(30));
        var events = continues.EventsAsync().Take(1);
        Assert.False((await events.SingleAsync()).IsDone);
        foreach (var stream in new[] { continues, producing })
        {
            // Also the completion that the revoked key began was still running.
            var state = await owner.CallAsync(HttpMethod.Post, $"{stream.Path}/cancel");
            Assert.Equal("cancelled", state["error"]!["code"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task A_client_that_has_left_makes_room_for_another()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var owner = await parley.NewTenantClientAsync("Listeners");
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Limits__Listeners"] = "1",
        });
        var path = $"v1/chatbots/{(await owner.NewChatbotAsync())["id"]}/completions";
        using var client = owner.Streaming(host.Api);
        string events;
        using (var stream = await CompletionReader.OpenAsync(client, HttpMethod.Post, path, Slow(words: 80, isStreaming: true)))
        {
            events = $"{stream.Path}/events";
            Assert.False(await HasRoomAsync(client, events));
        }

        await Eventually.TrueAsync(() => HasRoomAsync(client, events));

        using var leaving = new CancellationTokenSource();
        var waiting = await WaitForCompletionAsync(client, path, leaving.Token);
        Assert.False(await HasRoomAsync(client, events));
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Eventually.TrueAsync(() => HasRoomAsync(client, events));
    }

    private static object Slow(int words, bool isStreaming) =>
        new { isStreaming, message = new { content = $"/words {words} /pace 100" } };

    /// <summary>Asks for a stream and leaves it at once.</summary>
    private static async Task<bool> HasRoomAsync(HttpClient client, string events)
    {
        using var response = await client.GetAsync(events, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{response.StatusCode}");
        return response.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>Begins to wait for a completion, as soon as the probe before it has made room.</summary>
    private static async Task<Task<HttpResponseMessage>> WaitForCompletionAsync(
        HttpClient client, string path, CancellationToken leaving)
    {
        var sent = Task.FromException<HttpResponseMessage>(new InvalidOperationException("Nothing was sent."));
        await Eventually.TrueAsync(async () =>
        {
            sent = client.PostAsJsonAsync(path, Slow(words: 80, isStreaming: false), leaving);

            // A refusal comes at once, the completion only after eight seconds.
            await Task.WhenAny(sent, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None));
            return !sent.IsCompleted;
        });
        return sent;
    }

    private static async Task AssertCutOffAsync(CompletionReader stream)
    {
        var events = new List<CompletionEvent>();
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await foreach (var one in stream.EventsAsync())
            {
                events.Add(one);
            }
        });
        Assert.NotEmpty(events);
        Assert.DoesNotContain(events, one => one.IsDone);
    }

    private static async Task AssertRefusedAsync(Task<HttpResponseMessage> waiting)
    {
        using var response = await waiting;
        await response.AssertProblemAsync(401, "unauthenticated");
    }
}
