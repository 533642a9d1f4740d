using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using Parley.EndToEnd.Tests.Tenancy;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Exports;
using Parley.Testing.OpenApi;
using Parley.Testing.Telemetry;
using Xunit;

namespace Parley.EndToEnd.Tests.Observability;

/// <summary>
/// A unique text in every field, header, parameter, file name and URL of every operation, while all goes well and while
/// storage and a provider fail. Neither it nor any secret is in anything that is exported.
/// </summary>
public class CanaryTests(WatchedHost watched) : IClassFixture<WatchedHost>
{
    /// <summary>Lower-case letters and digits: they look the same in URLs, JSON and host names.</summary>
    private const string Canary = "kanarienvogel7c1e";

    /// <summary>Requests at once.</summary>
    private const int Width = 8;

    /// <summary>The canary as user name and password, as HTTP sends them.</summary>
    private static readonly string Basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Canary}:{Canary}"));

    /// <summary>Headers that every request has.</summary>
    private static readonly string[] Common =
        ["User-Agent", "Referer", "Cookie", "Origin", "X-Forwarded-For", "X-Request-Id", "tracestate", "baggage", "Request-Id"];

    /// <summary>Headers that decide about the request.</summary>
    private static readonly string[] Deciding = ["Idempotency-Key", "If-None-Match", "If-Match", "X-Tenant", "Last-Event-ID", "Range"];

    private readonly ConcurrentDictionary<int, int> statuses = new();
    private readonly OtlpReceiver receiver = watched.Receiver;

    [Fact]
    public async Task Nothing_private_is_exported()
    {
        var tenant = await TenantResources.CreateAsync(watched.Access, watched.Client, watched.Admin, 1);
        var requests = DocumentedRequest.All.OrderBy(request => request.Method == "DELETE").ThenBy(request => request.IsAdministration).ToList();
        await watched.WithFaultsAsync("all", () => SweepAsync(requests.Where(request => request.Method != "DELETE"), tenant, onlyWhole: true));
        await FailAtWorkAsync();
        await SweepAsync(requests.Where(request => request.Method != "DELETE" && !request.IsAdministration), tenant, onlyWhole: false);
        await UnknownAsync();
        await SweepAsync(requests.Where(request => request.Method == "DELETE" || request.IsAdministration), tenant, onlyWhole: false);
        Assert.All([200, 201, 400, 401, 404, 422, 503], status => Assert.True(statuses.GetValueOrDefault(status) > 0, $"No answer {status}."));

        // The last spans, lines and meters are exported within two seconds.
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Assert.True(receiver.Contains("api/v1/conversations"));
        Assert.Contains(receiver.Logs, log => $"{log.Body}".Contains("storage does not answer", StringComparison.Ordinal));
        Assert.Contains(receiver.Logs, log => $"{log.Body}".Contains("is not one of Parley's", StringComparison.Ordinal));
        Assert.Contains(receiver.Logs, log => $"{log.Body}".Contains("The provider of chatbot", StringComparison.Ordinal));
        Assert.InRange(receiver.Spans.Count, 1_000, int.MaxValue);
        foreach (var secret in new[] { Canary, Basic[..^4], watched.Access.ApiKey, watched.Access.WebhookSecret, WatchedHost.AdminKey, WatchedHost.ProviderKey, "whsec_" })
        {
            Assert.Null(Excerpt(secret));
        }
    }

    /// <summary>Follow-ups, exports, callbacks and replies with the canary, whose storage and provider fail at first.</summary>
    private async Task FailAtWorkAsync()
    {
        var client = watched.Client;
        var queue = new QueueClient(watched.ConnectionString, ExportStep.FileQueue, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.SendMessageAsync(Canary);
        await queue.SendMessageAsync($$"""{"tenant":"{{Canary}}"}""");
        await using var webhook = await WebhookReceiver.StartAsync((_, n) => new Reply(n == 1 ? 500 : 200) { Body = Canary });
        var chat = (await client.NewAnsweredChatAsync())["chatId"]!;
        var followUp = await client.FollowUpAsync(chat, Canary, FollowUpCalls.In(TimeSpan.FromSeconds(2)));
        var export = await client.ExportAsync(new { callbackUrl = webhook.Url(Canary), format = "csv" });
        await watched.WithFaultsAsync("all", () => Task.Delay(TimeSpan.FromSeconds(4), TimeProvider.System));
        await client.SentAsync(followUp);
        await client.WithWebhookAsync(export, attempts: 2);
        foreach (var (provider, text) in new[] { ("main", $"{Canary} /fail unavailable after 1"), ("quoting", Canary) })
        {
            var chatbot = await client.NewChatbotAsync(new { name = Canary, instructions = Canary, provider });
            using var response = await client.SendJsonAsync(
                HttpMethod.Post, $"v1/chatbots/{chatbot["number"]}/completions", new { message = new { content = text } });
            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        }
    }

    /// <summary>The canary as a path and as a method.</summary>
    private async Task UnknownAsync()
    {
        using var http = new HttpClient { BaseAddress = watched.Client.BaseAddress };
        foreach (var (method, path) in new[] { (Canary.ToUpperInvariant(), "v1/conversations"), ("GET", Canary), ("POST", $"v1/{Canary}/{Canary}.txt?{Canary}") })
        {
            using var message = new HttpRequestMessage(new HttpMethod(method), path);
            using var response = await http.SendAsync(message);
            Assert.InRange((int)response.StatusCode, 400, 499);
        }
    }

    private async Task SweepAsync(IEnumerable<DocumentedRequest> requests, TenantResources tenant, bool onlyWhole)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = watched.Client.BaseAddress };
        var all = requests.SelectMany(request => Variants(request, tenant, onlyWhole).Select(make => (request, make)));
        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = Width }, async (one, cancellation) =>
        {
            using var message = one.make();
            message.Headers.Authorization ??= new AuthenticationHeaderValue("Bearer", one.request.IsAdministration ? WatchedHost.AdminKey : watched.Access.ApiKey);
            foreach (var header in Common)
            {
                message.Headers.TryAddWithoutValidation(header, $"{Canary}={Canary}");
            }

            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
            statuses.AddOrUpdate((int)response.StatusCode, 1, (_, count) => count + 1);
        });
    }

    /// <summary>The request with the canary everywhere; and, unless only that is asked for, in one place each.</summary>
    private static IEnumerable<Func<HttpRequestMessage>> Variants(DocumentedRequest request, TenantResources tenant, bool onlyWhole)
    {
        var unknown = $"{Canary}={Canary}";
        yield return () => WithBody(request.Create(tenant.First, query: unknown), _ => true);
        if (onlyWhole)
        {
            yield break;
        }

        yield return () => request.Create(tenant.First);
        yield return () => request.Create(tenant.First, query: string.Join('&', request.Parameters.Select(one => $"{one}={Canary}")));
        yield return () => WithCredentials(request.Create(tenant.First), "Bearer", $"prly_{Canary}");
        yield return () => WithCredentials(request.Create(tenant.First), "Basic", Basic);
        foreach (var header in Deciding)
        {
            yield return () => WithHeader(request.Create(tenant.First), header);
        }

        foreach (var place in request.Places)
        {
            yield return () => request.Create(tenant.First, place, Canary);
        }

        using var example = request.Create(tenant.First);
        var leaves = example.Content is StringContent ? Strings(Body(example)).Count() : 0;
        for (var leaf = 0; leaf < leaves; leaf++)
        {
            var wanted = leaf;
            yield return () => WithBody(request.Create(tenant.First), index => index == wanted);
        }
    }

    private static HttpRequestMessage WithCredentials(HttpRequestMessage message, string scheme, string value)
    {
        message.Headers.Authorization = new AuthenticationHeaderValue(scheme, value);
        return message;
    }

    private static HttpRequestMessage WithHeader(HttpRequestMessage message, string name)
    {
        message.Headers.TryAddWithoutValidation(name, Canary);
        return message;
    }

    /// <summary>Puts the canary into the chosen texts of a JSON body, or into the fields and the file name of a form.</summary>
    private static HttpRequestMessage WithBody(HttpRequestMessage message, Func<int, bool> isChosen)
    {
        if (message.Content is MultipartFormDataContent)
        {
            message.Content.Dispose();
            message.Content = new MultipartFormDataContent
            {
                { new ByteArrayContent(Encoding.UTF8.GetBytes(Canary)), "file", $"{Canary}.txt" },
                { new StringContent(Canary), "content" },
                { new StringContent(Canary), Canary },
            };
        }
        else if (message.Content is StringContent)
        {
            var body = Body(message);
            var texts = Strings(body).ToList();
            foreach (var (text, index) in texts.Select((text, index) => (text, index)).Where(one => isChosen(one.index)))
            {
                var isUrl = text.GetValue<string>().StartsWith("http", StringComparison.Ordinal);
                text.ReplaceWith(isUrl ? $"http://localhost:9/{Canary}?sig={Canary}" : $"{Canary} {text}");
            }

            message.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, message.Content.Headers.ContentType!.MediaType!);
        }

        return message;
    }

    private static JsonNode Body(HttpRequestMessage message) => JsonNode.Parse(message.Content!.ReadAsStream())!;

    private static IEnumerable<JsonValue> Strings(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Strings(member.Value)).ToList(),
        JsonArray items => items.SelectMany(Strings).ToList(),
        JsonValue value when value.TryGetValue<string>(out _) => [value],
        _ => [],
    };

    /// <summary>The neighbourhood of a text in what was exported; null if it is nowhere.</summary>
    private string? Excerpt(string text)
    {
        foreach (var request in receiver.Requests)
        {
            var all = Encoding.UTF8.GetString(request.Body.Span);
            if (all.IndexOf(text, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
            {
                return $"{request.Path}: {all[Math.Max(0, at - 300)..Math.Min(all.Length, at + 200)]}";
            }
        }

        return null;
    }
}
