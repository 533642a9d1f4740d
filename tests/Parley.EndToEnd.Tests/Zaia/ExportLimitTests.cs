using System.Net;
using Parley.DevHost.Emulator;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>Exports of a host whose operator limits their range.</summary>
public class ExportLimitTests(ApiClients clients) : IClassFixture<ApiClients>
{
    private const string AdminKey = "an admin key for this host alone";

    [Fact]
    public async Task A_limit_requires_a_start_and_the_error_names_it()
    {
        await using var azurite = await Azurite.StartAsync(directory: null, Console.Error.WriteLine);
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Parley__AdminKey"] = AdminKey,
            ["Exports__MaxRangeMonths"] = "6",
        });
        var (admin, callbackUrl) = (clients.New(AdminKey, host.Api), "https://example.com/exports");
        var tenant = await admin.CallAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Limited" }, HttpStatusCode.Created);
        var key = await admin.CallAsync(
            HttpMethod.Post, $"v1/admin/tenants/{tenant["id"]}/keys", new { label = "Limited", scopes = new[] { "exports:write" } }, HttpStatusCode.Created);
        var client = clients.New(ApiHelpers.Text(key["key"])!, host.Api);

        foreach (var (start, text) in new[]
        {
            (null, "Is required, because Exports__MaxRangeMonths allows a range of 6 calendar months. Send 2025-02-28T00:00:00.000Z or later."),
            ("2025-02-27T23:59:59.999Z", "Must be 2025-02-28T00:00:00.000Z or later: Exports__MaxRangeMonths allows a range of 6 calendar months."),
        })
        {
            // With a key the range is checked when the key is known to be new.
            foreach (var idempotencyKey in new[] { null, "key" })
            {
                using var response = await client.SendJsonAsync(
                    HttpMethod.Post,
                    "v1/chat-messages/export",
                    new { callbackUrl, rangeStart = start, rangeEnd = "2025-08-31T00:00:00Z" },
                    idempotencyKey is null ? [] : [("Idempotency-Key", idempotencyKey)]);
                var problem = await response.AssertProblemAsync(422, "invalid_fields", "rangeStart");
                Assert.Equal(text, ApiHelpers.Text(problem["errors"]!["rangeStart"]![0]));
            }
        }

        await client.CallAsync(HttpMethod.Post, "v1/chat-messages/export", new { callbackUrl, rangeStart = "2025-02-28T00:00:00Z", rangeEnd = "2025-08-31T00:00:00Z" });
    }
}
