using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>Requests for tests of exports.</summary>
internal static class ExportCalls
{
    /// <summary>Creates an export and returns the response.</summary>
    public static async Task<JsonNode> ExportAsync(this HttpClient client, object body, string path = "v1/chat-messages/export")
    {
        using var response = await client.SendJsonAsync(HttpMethod.Post, path, body);
        var taken = await response.ReadAsync();
        Assert.Equal("The export has begun; the callback URL is called when it has ended.", taken["message"]!.GetValue<string>());
        Assert.Equal($"{client.BaseAddress}v1/exports/{taken["exportId"]}", response.Headers.Location!.ToString());
        return await client.CallAsync(HttpMethod.Get, response.Headers.Location.ToString());
    }

    /// <summary>Reads an export repeatedly until the condition holds.</summary>
    public static async Task<JsonNode> UntilAsync(this HttpClient client, JsonNode export, Func<JsonNode, bool> isSo)
    {
        var end = TimeProvider.System.GetUtcNow() + Wait.Limit;
        while (true)
        {
            var now = await client.CallAsync(HttpMethod.Get, $"v1/exports/{export["id"]}");
            if (isSo(now))
            {
                return now;
            }

            Assert.True(TimeProvider.System.GetUtcNow() < end, $"It takes too long: {now}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>The export after at least this number of webhook attempts and with this webhook status.</summary>
    public static Task<JsonNode> WithWebhookAsync(this HttpClient client, JsonNode export, string status = "taken", int attempts = 1) => client.UntilAsync(
        export, now => ApiHelpers.Text(now["callback"]!["status"]) == status && now["callback"]!["attempts"]!.AsArray().Count >= attempts);

    /// <summary>
    /// The file of a completed export. Checks that Parley and the file's link return the same bytes, and that they
    /// match the headers and the export.
    /// </summary>
    public static async Task<byte[]> FileAsync(this HttpClient client, JsonNode export)
    {
        Assert.True(ApiHelpers.Text(export["status"]) == "completed", $"{export}");
        using var response = await client.GetAsync($"v1/exports/{export["id"]}/content");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var digest = SHA256.HashData(bytes);
        var (type, extension) = ApiHelpers.Text(export["format"]) switch
        {
            "csv" => ("text/csv; charset=utf-8", "csv"),
            "jsonl" => ("application/jsonl", "jsonl"),
            _ => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        };
        var name = ApiHelpers.Text(export["kind"]) == "records" ? "chatbot_records" : "chat_messages";
        var disposition = $"attachment; filename=\"{name}_{export["number"]}.{extension}\"";
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(bytes.Length, response.Content.Headers.ContentLength);
        Assert.Equal(disposition, response.Content.Headers.ContentDisposition!.ToString());
        Assert.Equal($"sha-256=:{Convert.ToBase64String(digest)}:", response.Headers.GetValues("Repr-Digest").Single());
        Assert.Equal(bytes.Length, export["bytes"]!.GetValue<long>());
        Assert.Equal(Convert.ToHexStringLower(digest), export["sha256"]!.GetValue<string>());

        using var http = new HttpClient();
        using var linked = await http.GetAsync(new Uri(export["url"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.OK, linked.StatusCode);
        Assert.Equal(bytes, await linked.Content.ReadAsByteArrayAsync());
        Assert.Equal(type, linked.Content.Headers.ContentType!.ToString());
        Assert.Equal(disposition, linked.Content.Headers.ContentDisposition!.ToString());
        return bytes;
    }
}

/// <summary>A delivery that the receiver got.</summary>
/// <param name="Headers">By their names in lower case.</param>
/// <param name="Body">The signed bytes.</param>
/// <param name="At">The time of the request.</param>
internal sealed record Delivery(IReadOnlyDictionary<string, string> Headers, byte[] Body, DateTimeOffset At)
{
    private static readonly JsonNode Documented = OpenApiContract.Resolve(OpenApiContract.Document.Root, "#/components/schemas/ExportEnded");

    public string Id => Headers["webhook-id"];

    /// <summary>The body, after checking its documented members.</summary>
    public JsonNode Read()
    {
        Assert.Equal("application/json", Headers["content-type"]);
        using var json = JsonDocument.Parse(Body);
        Assert.Empty(OpenApiContract.Document.Schemas.Validate(Documented, json.RootElement));
        return JsonNode.Parse(Body)!;
    }

    /// <summary>
    /// Checks that exactly these secrets have signed the delivery, and that its timestamp is not before the attempt.
    /// </summary>
    public void AssertSigned(params string[] secrets)
    {
        var (timestamp, signatures) = (Headers["webhook-timestamp"], Headers["webhook-signature"]);
        Assert.All(secrets, secret => Assert.True(StandardWebhooks.IsSigned(secret, Id, timestamp, Body, signatures)));
        Assert.Equal(secrets.Length, signatures.Split(' ').Length);
        Assert.False(StandardWebhooks.IsSigned("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Id, timestamp, Body, signatures));
        var sent = DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, CultureInfo.InvariantCulture));
        Assert.InRange(At - sent, TimeSpan.FromSeconds(-1), Wait.Limit);
    }
}

/// <summary>The response of a receiver.</summary>
internal sealed record Reply(int Status, string Body = "", params (string Name, string Value)[] Headers);

/// <summary>
/// A verifier written from the specification alone (github.com/standard-webhooks, spec/standard-webhooks.md).
/// </summary>
internal static class StandardWebhooks
{
    public static bool IsSigned(string secret, string id, string timestamp, ReadOnlySpan<byte> body, string signatures)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed);
        return signatures.Split(' ').Any(signature => signature.StartsWith("v1,", StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(signature[3..]), expected));
    }
}

/// <summary>A webhook receiver on loopback.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private static int receivers;

    private readonly WebApplication app;
    private readonly Func<string, int, Reply> answer;
    private readonly ConcurrentDictionary<string, List<Delivery>> deliveries = [];

    // Distinguishes its requests from those to an earlier receiver on the same port.
    private readonly int number = Interlocked.Increment(ref receivers);

    private WebhookReceiver(Func<string, int, Reply> answer)
    {
        this.answer = answer;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.Run(ReceiveAsync);
    }

    /// <param name="answer">The response to the n-th delivery, from 1, under a name; 200 by default.</param>
    public static async Task<WebhookReceiver> StartAsync(Func<string, int, Reply>? answer = null)
    {
        var receiver = new WebhookReceiver(answer ?? ((_, _) => new Reply(200)));
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>A callback URL of this receiver.</summary>
    /// <param name="name">Distinguishes the callback URLs of one receiver.</param>
    public string Url(string name = "any") => $"http://localhost:{new Uri(app.Urls.Single()).Port}/{number}/{name}?from=parley";

    /// <summary>The deliveries under a name.</summary>
    public IReadOnlyList<Delivery> Of(string name = "any")
    {
        var all = deliveries.GetOrAdd(name, _ => []);
        lock (all)
        {
            return [.. all];
        }
    }

    /// <summary>The n-th delivery, from 1.</summary>
    public async Task<Delivery> NextAsync(int n = 1, string name = "any")
    {
        var end = TimeProvider.System.GetUtcNow() + Wait.Limit;
        while (Of(name).Count < n)
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, $"{Of(name).Count} deliveries instead of {n} to {name}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        return Of(name)[n - 1];
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var start = $"/{number}/";
        var path = context.Request.Path.Value!;
        if (!path.StartsWith(start, StringComparison.Ordinal) || context.Request.Method != "POST" || context.Request.QueryString.Value != "?from=parley")
        {
            return;
        }

        var all = deliveries.GetOrAdd(path[start.Length..], _ => []);
        Reply reply;
        lock (all)
        {
            all.Add(new Delivery(
                context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()), body.ToArray(), TimeProvider.System.GetUtcNow()));
            reply = answer(path[start.Length..], all.Count);
        }

        context.Response.StatusCode = reply.Status;
        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(reply.Body));
    }
}
