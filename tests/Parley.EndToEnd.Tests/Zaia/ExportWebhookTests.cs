using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>Webhooks of exports and their delivery.</summary>
public class ExportWebhookTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    /// <summary>
    /// Longer than the stored part of a body; the last character that would fit is half of a surrogate pair.
    /// </summary>
    private static readonly string Complaint = new string('é', 499) + "😀 and more";

    [Fact]
    public void The_verifier_agrees_with_the_specification()
    {
        const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        var body = "{\"test\": 2432232314}"u8;

        Assert.True(StandardWebhooks.IsSigned(Secret, Id, "1614265330", body, Signature));
        Assert.True(StandardWebhooks.IsSigned(Secret, Id, "1614265330", body, $"v1,{new string('A', 43)}= v1a,x {Signature}"));
        Assert.False(StandardWebhooks.IsSigned(Secret, Id, "1614265331", body, Signature));
        Assert.False(StandardWebhooks.IsSigned(Secret, Id + "x", "1614265330", body, Signature));
        Assert.False(StandardWebhooks.IsSigned(Secret, Id, "1614265330", "{\"test\": 2432232315}"u8, Signature));
        Assert.False(StandardWebhooks.IsSigned("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", Id, "1614265330", body, Signature));
    }

    [Fact]
    public async Task The_webhook_contains_the_export_is_signed_and_is_redelivered_on_request()
    {
        await using var receiver = await WebhookReceiver.StartAsync((_, n) => new Reply(n == 1 ? 200 : 204, n == 1 ? "thanks" : ""));
        var tenant = await parley.CreateTenantAsync("Callbacks");
        var client = parley.NewClient(tenant.ApiKey);
        await client.PostTextAsync(await client.CreateConversationAsync(), "Hi");
        var before = FollowUpCalls.In(TimeSpan.Zero);
        var taken = await client.ExportAsync(new { callbackUrl = receiver.Url(), format = "csv", language = "ptBr" });
        Assert.Equal(1, taken["number"]!.GetValue<int>());

        var delivery = await receiver.NextAsync();
        var body = delivery.Read();
        delivery.AssertSigned(tenant.WebhookSecret);
        Assert.Equal($"export_{taken["id"]!.GetValue<Guid>():N}", delivery.Id);
        Assert.Equal("Parley", delivery.Headers["user-agent"]);
        Assert.DoesNotContain(delivery.Headers.Keys, name => name is "authorization" or "cookie" or "traceparent");

        // Compares every field with the export, once the delivery is recorded in it.
        var export = await client.WithWebhookAsync(taken);
        var (id, data, callback) = (export["id"]!, body["data"]!, export["callback"]!);
        Assert.Equal("completed", export["status"]!.GetValue<string>());
        Assert.All(new[] { "reason", "detail" }, member => Assert.Null(export[member]));
        Assert.Equal(("csv", "ptBr"), (ApiHelpers.Text(export["format"]), ApiHelpers.Text(export["language"])));
        Assert.Equal((1, 0, 0), (export["rows"]!.GetValue<long>(), export["removedCharacters"]!.GetValue<long>(), export["cutCharacters"]!.GetValue<long>()));
        var (created, started, finished) = (ApiHelpers.Time(export["createdAt"]), ApiHelpers.Time(export["startedAt"]), ApiHelpers.Time(export["finishedAt"]));
        Assert.InRange(created, before.AddMilliseconds(-1), started);
        Assert.InRange(started, created, finished);
        Assert.Equal(created, ApiHelpers.Time(export["rangeEnd"]));
        Assert.Null(export["rangeStart"]);
        Assert.Equal(finished.AddDays(7), ApiHelpers.Time(export["expiresAt"]));
        Assert.InRange(ApiHelpers.Time(export["urlExpiresAt"]) - FollowUpCalls.In(TimeSpan.Zero), TimeSpan.FromMinutes(58), TimeSpan.FromHours(1));
        var file = await client.FileAsync(export);

        Assert.Equal("export.completed", body["type"]!.GetValue<string>());
        Assert.Equal(finished, ApiHelpers.Time(body["timestamp"]));
        Assert.True(JsonNode.DeepEquals(id, data["exportId"]));
        Assert.All(
            new[] { "status", "format", "rows", "bytes", "sha256", "rangeStart", "rangeEnd", "reason" },
            member => Assert.True(JsonNode.DeepEquals(export[member], data[member]), member));
        Assert.InRange(ApiHelpers.Time(data["expiresAt"]) - delivery.At, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
        await AssertLinkAsync(data, file);

        Assert.Equal(("taken", receiver.Url()), (ApiHelpers.Text(callback["status"]), ApiHelpers.Text(callback["url"])));
        Assert.Null(callback["nextAttemptAt"]);
        var attempt = Assert.Single(callback["attempts"]!.AsArray())!;
        Assert.Equal((1, 200, "thanks"), (attempt["number"]!.GetValue<int>(), attempt["status"]!.GetValue<int>(), attempt["body"]!.GetValue<string>()));
        Assert.Null(attempt["failure"]);
        Assert.InRange(ApiHelpers.Time(attempt["at"]), finished, delivery.At);
        Assert.InRange(attempt["durationMs"]!.GetValue<long>(), 0, 20_000);

        // Delivered again, signed by the new secret and by the previous one.
        var rotated = await parley.NewClient(parley.AdminKey).CallAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant.Tenant}/webhook-secret", null, HttpStatusCode.Created);
        var requested = await client.CallAsync(HttpMethod.Post, $"v1/exports/{id}/callback");
        Assert.Equal(("completed", "pending"), (ApiHelpers.Text(requested["status"]), ApiHelpers.Text(requested["callback"]!["status"])));
        Assert.InRange(ApiHelpers.Time(requested["callback"]!["nextAttemptAt"]), delivery.At.AddMilliseconds(-1), FollowUpCalls.In(TimeSpan.Zero));
        var second = await receiver.NextAsync(2);
        second.AssertSigned(rotated["webhookSecret"]!.GetValue<string>(), tenant.WebhookSecret);
        Assert.Equal(delivery.Id, second.Id);
        var again = second.Read();
        await AssertLinkAsync(again["data"]!, file);
        foreach (var one in new[] { body, again })
        {
            one["data"]!.AsObject().Remove("url");
            one["data"]!.AsObject().Remove("expiresAt");
        }

        Assert.True(JsonNode.DeepEquals(body, again));
        var both = (await client.WithWebhookAsync(export, attempts: 2))["callback"]!["attempts"]!.AsArray();
        Assert.True(JsonNode.DeepEquals(attempt, both[0]));
        Assert.Equal((2, 204, ""), (both[1]!["number"]!.GetValue<int>(), both[1]!["status"]!.GetValue<int>(), both[1]!["body"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Concurrent_requests_for_redelivery_all_succeed()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = parley.NewClient((await parley.CreateTenantAsync("Redelivery")).ApiKey);
        var export = await client.ExportAsync(new { callbackUrl = receiver.Url(), format = "jsonl" });
        await client.WithWebhookAsync(export);
        for (var round = 0; round < 3; round++)
        {
            // Concurrent writes do not make a request fail: each response is a 200.
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.CallAsync(HttpMethod.Post, $"v1/exports/{export["id"]}/callback")));
        }

        await client.WithWebhookAsync(export, attempts: 2);
        Assert.Single(receiver.Of().Select(delivery => delivery.Id).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Webhooks_are_retried_until_refused_or_removed()
    {
        await using var receiver = await WebhookReceiver.StartAsync((name, n) => (name, n) switch
        {
            ("fails", 1) => new Reply(500, Complaint),
            ("gone", 1) => new Reply(410, "Gone."),
            ("moved", _) => new Reply(302, "", ("Location", "elsewhere?from=parley")),
            ("later", _) => new Reply(429, "", ("Retry-After", "3600")),
            _ => new Reply(200, "ok"),
        });
        var tenant = await parley.CreateTenantAsync("Failures");
        var client = parley.NewClient(tenant.ApiKey);
        Task<JsonNode> ExportAsync(string name) => client.ExportAsync(new { callbackUrl = receiver.Url(name), format = "jsonl" });
        var (fails, gone) = (await ExportAsync("fails"), await ExportAsync("gone"));
        var first = await receiver.NextAsync(1, "fails");

        // 410 ends the deliveries until a client requests another.
        var refused = (await client.WithWebhookAsync(gone, "refused"))["callback"]!;
        Assert.Null(refused["nextAttemptAt"]);
        Assert.Equal((410, "Gone."), (refused["attempts"]![0]!["status"]!.GetValue<int>(), ApiHelpers.Text(refused["attempts"]![0]!["body"])));

        // A redirect is not followed, Retry-After is honoured, and an unreachable receiver is tried again too.
        var (moved, later) = (await ExportAsync("moved"), await ExportAsync("later"));
        var unreachable = await client.ExportAsync(new { callbackUrl = "http://localhost:1/", format = "jsonl" });
        var redirected = (await client.WithWebhookAsync(moved, "pending"))["callback"]!;
        Assert.Equal(302, redirected["attempts"]![0]!["status"]!.GetValue<int>());
        var delayed = (await client.WithWebhookAsync(later, "pending"))["callback"]!;
        Assert.InRange(ApiHelpers.Time(delayed["nextAttemptAt"]) - (await receiver.NextAsync(1, "later")).At, TimeSpan.FromHours(1), TimeSpan.FromMinutes(73));
        var unreached = (await client.WithWebhookAsync(unreachable, "pending"))["callback"]!["attempts"]![0]!;
        Assert.Null(unreached["status"]);
        Assert.Equal(("not_connected", ""), (ApiHelpers.Text(unreached["failure"]), ApiHelpers.Text(unreached["body"])));

        await client.CallAsync(HttpMethod.Post, $"v1/exports/{gone["id"]}/callback");
        await client.WithWebhookAsync(gone, attempts: 2);

        // The second attempt follows after at least five seconds, under the same id.
        var second = await receiver.NextAsync(2, "fails");
        Assert.True(second.At - first.At >= TimeSpan.FromSeconds(5));
        Assert.Equal(first.Id, second.Id);
        Assert.NotEqual(first.Headers["webhook-timestamp"], second.Headers["webhook-timestamp"]);
        Assert.All(new[] { first, second }, delivery => delivery.AssertSigned(tenant.WebhookSecret));
        var done = (await client.WithWebhookAsync(fails, attempts: 2))["callback"]!;
        Assert.Null(done["nextAttemptAt"]);
        var failed = done["attempts"]![0]!;
        Assert.Equal((1, 500, Complaint[..499]), (failed["number"]!.GetValue<int>(), failed["status"]!.GetValue<int>(), failed["body"]!.GetValue<string>()));
        Assert.Equal((2, 200, "ok"), (done["attempts"]![1]!["number"]!.GetValue<int>(), done["attempts"]![1]!["status"]!.GetValue<int>(), ApiHelpers.Text(done["attempts"]![1]!["body"])));

        Assert.Equal((2, 2, 1), (receiver.Of("fails").Count, receiver.Of("gone").Count, receiver.Of("later").Count));
        Assert.Empty(receiver.Of("elsewhere"));
        foreach (var export in new[] { moved, later, unreachable })
        {
            // A removed export sends no more webhooks.
            var removed = await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}");
            Assert.Equal(("expired", "cancelled"), (ApiHelpers.Text(removed["status"]), ApiHelpers.Text(removed["callback"]!["status"])));
            Assert.Null(removed["callback"]!["nextAttemptAt"]);
        }
    }

    private static async Task AssertLinkAsync(JsonNode data, byte[] file)
    {
        using var http = new HttpClient();
        Assert.Equal(file, await http.GetByteArrayAsync(new Uri(data["url"]!.GetValue<string>())));
    }
}
