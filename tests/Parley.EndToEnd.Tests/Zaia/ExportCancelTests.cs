using System.Net;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Parley.DevHost.Emulator;
using Parley.Tenants;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>
/// Cancelling unfinished exports, and an export whose message is lost. On a storage of its own, because another host on
/// the same storage would write the files too. The timer ticks every second.
/// </summary>
public class ExportCancelTests(ApiClients clients) : IClassFixture<ApiClients>
{
    private const string AdminKey = "an admin key for this host alone";

    [Fact]
    public async Task Pending_and_running_exports_stay_cancelled_and_a_lost_one_is_found()
    {
        await using var azurite = await Azurite.StartAsync(directory: null, Console.Error.WriteLine);
        var gate = Directory.CreateTempSubdirectory("parley-gate-");
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Parley__AdminKey"] = AdminKey,
            ["ExportSchedule"] = "* * * * * *",
            ["Exports__SettleSeconds"] = "30",
            ["Callbacks__AllowedHosts"] = "localhost",
            ["Test__CommitGate"] = gate.FullName,
            ["Test__LosesExports"] = "true",
        });
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await NewClientAsync(host.Api);

        var lost = await client.ExportAsync(new { callbackUrl = receiver.Url("lost"), rangeEnd = "2025-01-01T00:00:00Z", format = "jsonl" });
        Assert.Equal("pending", ApiHelpers.Text(lost["status"]));

        // An export whose range ends now waits for late writes; one whose range ended half a minute ago does not.
        var pending = await client.ExportAsync(new { callbackUrl = receiver.Url("pending") });
        var running = await client.ExportAsync(new { callbackUrl = receiver.Url("running"), rangeEnd = FollowUpCalls.In(TimeSpan.FromSeconds(-31)), format = "csv" });
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(gate.FullName, "reached")));
        running = await client.CallAsync(HttpMethod.Get, $"v1/exports/{running["id"]}");
        Assert.Equal("running", ApiHelpers.Text(running["status"]));
        Assert.Equal(0, running["bytes"]!.GetValue<long>());
        Assert.InRange(ApiHelpers.Time(running["startedAt"]), ApiHelpers.Time(running["createdAt"]), FollowUpCalls.In(TimeSpan.Zero));
        Assert.Equal("pending", ApiHelpers.Text(pending["status"]));
        Assert.Null(pending["startedAt"]);
        foreach (var export in new[] { pending, running })
        {
            Assert.All(new[] { "reason", "detail", "finishedAt", "expiresAt", "sha256", "url", "urlExpiresAt" }, member => Assert.Null(export[member]));
            Assert.Equal((0, 0), (export["rows"]!.GetValue<long>(), export["bytes"]!.GetValue<long>()));
            Assert.Equal("waiting", ApiHelpers.Text(export["callback"]!["status"]));
            Assert.Empty(export["callback"]!["attempts"]!.AsArray());
            Assert.Null(export["callback"]!["nextAttemptAt"]);
            await AssertNothingToHaveAsync(client, export);
        }

        // The running export reports its progress: the headings.
        running = await client.UntilAsync(running, now => now["bytes"]!.GetValue<long>() > 0);
        Assert.Equal(("running", 0), (ApiHelpers.Text(running["status"]), running["rows"]!.GetValue<long>()));
        foreach (var export in new[] { pending, running })
        {
            var cancelled = await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}");
            Assert.Equal(("cancelled", "cancelled"), (ApiHelpers.Text(cancelled["status"]), ApiHelpers.Text(cancelled["callback"]!["status"])));
            Assert.InRange(ApiHelpers.Time(cancelled["finishedAt"]), ApiHelpers.Time(export["createdAt"]), FollowUpCalls.In(TimeSpan.Zero));
            Assert.Equal(ApiHelpers.Time(cancelled["finishedAt"]).AddMinutes(10), ApiHelpers.Time(cancelled["expiresAt"]));
            Assert.Null(cancelled["reason"]);
            Assert.True(JsonNode.DeepEquals(cancelled, await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}")));
            Assert.True(JsonNode.DeepEquals(cancelled, await client.CallAsync(HttpMethod.Get, $"v1/exports/{export["id"]}")));
            await AssertNothingToHaveAsync(client, export);
        }

        // The process that writes the file finds the cancellation and removes the blob. A later export and the one
        // found by the timer are not affected.
        await File.WriteAllTextAsync(Path.Combine(gate.FullName, "open"), "");
        var later = await client.ExportAsync(new { callbackUrl = receiver.Url("later"), rangeEnd = "2025-01-01T00:00:00Z", format = "csv" });
        later = await client.WithWebhookAsync(later);
        lost = await client.WithWebhookAsync(lost);
        var container = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient("exports");
        var end = FollowUpCalls.In(Wait.Limit);
        while (container.GetBlobs().Count() != 2)
        {
            Assert.True(FollowUpCalls.In(TimeSpan.Zero) < end, string.Join(", ", container.GetBlobs().Select(blob => blob.Name)));
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        await client.FileAsync(later);
        Assert.Empty(await client.FileAsync(lost));
        Assert.All(new[] { "later", "lost" }, name => Assert.Single(receiver.Of(name)));
        foreach (var (name, export) in new[] { ("pending", pending), ("running", running) })
        {
            Assert.Empty(receiver.Of(name));
            Assert.Equal("cancelled", ApiHelpers.Text((await client.CallAsync(HttpMethod.Get, $"v1/exports/{export["id"]}"))["status"]));
        }

        gate.Delete(recursive: true);
    }

    private static async Task AssertNothingToHaveAsync(HttpClient client, JsonNode export)
    {
        await client.RefusedAsync(HttpMethod.Get, $"v1/exports/{export["id"]}/content", null, 409, "export_status");
        await client.RefusedAsync(HttpMethod.Post, $"v1/exports/{export["id"]}/callback", null, 409, "export_status");
    }

    private async Task<HttpClient> NewClientAsync(Uri api)
    {
        var admin = clients.New(AdminKey, api);
        var tenant = await admin.CallAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Cancel" }, HttpStatusCode.Created);
        var key = await admin.CallAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant["id"]}/keys", new { label = "All", scopes = ScopeNames.All }, HttpStatusCode.Created);
        return clients.New(key["key"]!.GetValue<string>(), api);
    }
}
