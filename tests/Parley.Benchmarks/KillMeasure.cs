using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Azure.Storage.Queues;
using Parley.Core;
using Parley.DevHost.Commands;
using Parley.DevHost.Emulator;
using Parley.Exports;
using Parley.Storage;
using Parley.Webhooks;

namespace Parley.Benchmarks;

/// <summary>
/// Measures exports while the process that serves requests, builds files and delivers webhooks is killed at random.
/// Several systems run concurrently, because most of the time is waiting: for the lease of a killed process, and for
/// the timer, both as deployed.
/// </summary>
internal static class KillMeasure
{
    private const int Systems = 4;
    private const int DefaultKills = 20;

    /// <summary>A lease of 20 s and one period of the timer (a minute), plus time for the work.</summary>
    private static readonly TimeSpan MaxLate = TimeSpan.FromSeconds(90);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        var kills = options.Count ?? DefaultKills;
        Console.WriteLine($"kills: {kills} kills of the host's process, {Systems} systems side by side");
        var results = new ConcurrentBag<Result>();
        await Parallel.ForAsync(0, Systems, new ParallelOptions { MaxDegreeOfParallelism = Systems }, async (number, _) =>
        {
            await using var one = await KilledSystem.StartAsync(new Random(number));
            for (var kill = number; kill < kills; kill += Systems)
            {
                var result = await one.KillOnceAsync();
                results.Add(result);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"    {results.Count} of {kills}: {result.Exports} exports, {result.Interrupted} of them under way; the last callback {result.Late.TotalSeconds:0.0} s after the kill{(result.Wrong.Count > 0 ? "; WRONG: " + string.Join(", ", result.Wrong) : "")}"));
            }
        });
        var late = Spread.Of(results.Select(result => result.Late.TotalSeconds));
        var wrong = results.Sum(result => result.Wrong.Count);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {results.Count} kills, {results.Sum(result => result.Exports)} exports taken on, {results.Sum(result => result.Interrupted)} under way when killed; {results.Sum(result => result.Repeated)} callbacks came more than once, under their ids"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  last callback after the kill: median {late.Median:0.0} s ({late.Min:0.0} to {late.Max:0.0}), target ≤ {MaxLate.TotalSeconds:0} s: {(late.Max <= MaxLate.TotalSeconds ? "met" : "MISSED")}; lost or not whole: {wrong}"));
        return wrong == 0 && late.Max <= MaxLate.TotalSeconds;
    }

    private sealed record Result(int Exports, int Interrupted, int Repeated, TimeSpan Late, IReadOnlyList<string> Wrong);

    /// <summary>Storage, a tenant with messages, a webhook receiver, and a host to be killed.</summary>
    private sealed class KilledSystem : IAsyncDisposable
    {
        private const int ExportsEach = 6;
        private const int Conversations = 20, MessagesEach = 250;

        /// <summary>An export that has not completed after this time counts as lost.</summary>
        private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(4);

        private readonly Random random;
        private readonly Azurite azurite;
        private readonly HttpListener receiver = new();
        private readonly ConcurrentDictionary<string, ConcurrentBag<string>> idsOf = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, DateTimeOffset> takenAt = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> settings;
        private readonly int port = KilledHost.FreePort();
        private readonly int receiverPort = KilledHost.FreePort();
        private KilledHost host = null!;
        private TenantClient client = null!;
        private string secret = "";

        private KilledSystem(Random random, Azurite azurite)
        {
            (this.random, this.azurite) = (random, azurite);
            settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["AzureWebJobsStorage"] = azurite.ConnectionString,
                ["Parley__AdminKey"] = "an admin key of the host that is killed",
                ["FollowUpSchedule"] = "0 * * * * *",
                ["HousekeepingSchedule"] = "0 */15 * * * *",
                ["ExportSchedule"] = "30 * * * * *",
                ["AssistantSchedule"] = "15 * * * * *",
                ["Exports__SettleSeconds"] = "0",
                ["Callbacks__AllowedHosts"] = "localhost",
                ["Providers__main__Type"] = "scripted",
            };
        }

        public static async Task<KilledSystem> StartAsync(Random random)
        {
            var system = new KilledSystem(random, await Azurite.StartAsync(directory: null, _ => { }));
            system.receiver.Prefixes.Add($"http://localhost:{system.receiverPort}/");
            system.receiver.Start();
            _ = system.ReceiveAsync();
            system.host = await KilledHost.StartAsync(system.port, system.settings);
            var api = new Uri($"http://127.0.0.1:{system.port}/api/");
            using var admin = new AdminClient(api, "an admin key of the host that is killed");
            var access = await admin.CreateTenantAsync("Kills", "Key");
            (system.secret, system.client) = (access.WebhookSecret, new TenantClient(api, new TenantId((int)access.Tenant), access.ApiKey));
            var tables = new ParleyTables(new TableServiceClient(system.azurite.ConnectionString, StorageClients.TableOptions()));
            var seed = await ExportSeed.MakeAsync(system.client, tables);
            var now = TimeProvider.System.GetUtcNow();
            await seed.FillAsync(system.client.Tenant, 10, [.. Enumerable.Range(0, Conversations).Select(i => now.AddDays(i - 60))], MessagesEach);
            return system;
        }

        /// <summary>
        /// Starts exports at random times, kills the host at another, restarts it, and waits for the webhooks of all
        /// acknowledged exports.
        /// </summary>
        public async Task<Result> KillOnceAsync()
        {
            var asking = Enumerable.Range(0, ExportsEach).Select(i => RequestExportAsync(TimeSpan.FromSeconds(3 * random.NextDouble()), i)).ToList();
            await Task.Delay(TimeSpan.FromSeconds(0.2 + (3.5 * random.NextDouble())), TimeProvider.System);
            host.Dispose();
            var killed = TimeProvider.System.GetUtcNow();
            host = await KilledHost.StartAsync(port, settings);
            var exports = (await Task.WhenAll(asking)).OfType<string>().ToList();
            var underWay = exports.Where(export => !takenAt.TryGetValue(export, out var at) || at > killed).ToList();
            while (underWay.Any(export => !takenAt.ContainsKey(export)) && TimeProvider.System.GetUtcNow() < killed + MaxWait)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }

            var wrong = new List<string>();
            foreach (var export in exports)
            {
                wrong.AddRange(await CheckAsync(export));
            }

            wrong.AddRange(await PoisonAsync());
            var late = underWay.Select(export => takenAt.TryGetValue(export, out var at) ? at - killed : MaxWait).DefaultIfEmpty(TimeSpan.Zero).Max();
            return new Result(exports.Count, underWay.Count, exports.Count(export => idsOf.TryGetValue(export, out var ids) && ids.Count > 1), late, wrong);
        }

        public async ValueTask DisposeAsync()
        {
            host.Dispose();
            client.Dispose();
            receiver.Close();
            await azurite.DisposeAsync();
        }

        /// <summary>
        /// Requests an export and returns its id; null when the host died during the request, which acknowledges
        /// nothing.
        /// </summary>
        private async Task<string?> RequestExportAsync(TimeSpan after, int number)
        {
            await Task.Delay(after, TimeProvider.System);
            try
            {
                var taken = await client.SendAsync(HttpMethod.Post, "v1/chat-messages/export", new JsonObject
                {
                    ["callbackUrl"] = $"http://localhost:{receiverPort}/",
                    ["format"] = (number % 3) switch { 0 => "csv", 1 => "jsonl", _ => "xlsx" },
                });
                return taken.GetProperty("exportId").GetString();
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }

        private async Task<IReadOnlyList<string>> CheckAsync(string export)
        {
            var row = await client.SendAsync(HttpMethod.Get, $"v1/exports/{export}");
            if (row.GetProperty("status").GetString() != "completed")
            {
                return [$"{export} is {row.GetProperty("status")}"];
            }

            var wrong = new List<string>();
            var file = await client.BytesAsync($"v1/exports/{export}/content");
            if (Convert.ToHexStringLower(SHA256.HashData(file)) != row.GetProperty("sha256").GetString() || file.Length != row.GetProperty("bytes").GetInt64())
            {
                wrong.Add($"{export} has another file than its row says");
            }

            // The message that was posted through the API, and its copies.
            if (row.GetProperty("rows").GetInt64() != (Conversations * MessagesEach) + 1)
            {
                wrong.Add($"{export} has {row.GetProperty("rows")} rows");
            }

            if (row.GetProperty("format").GetString() != "xlsx" && file.AsSpan().Count((byte)'\n') < Conversations * MessagesEach)
            {
                wrong.Add($"{export} has fewer lines than rows");
            }

            if (!idsOf.TryGetValue(export, out var ids) || ids.Distinct(StringComparer.Ordinal).Count() != 1)
            {
                wrong.Add($"{export} called back under {ids?.Distinct(StringComparer.Ordinal).Count() ?? 0} ids");
            }

            return wrong;
        }

        private async Task<IEnumerable<string>> PoisonAsync()
        {
            var wrong = new List<string>();
            foreach (var name in new[] { ExportStep.FileQueue, ExportStep.WebhookQueue })
            {
                var poison = new QueueClient(azurite.ConnectionString, name + "-poison");
                if (await poison.ExistsAsync() && (await poison.GetPropertiesAsync()).Value.ApproximateMessagesCount > 0)
                {
                    wrong.Add($"{poison.Name} has messages");
                }
            }

            return wrong;
        }

        /// <summary>Accepts every webhook with a valid signature.</summary>
        private async Task ReceiveAsync()
        {
            while (receiver.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await receiver.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                var headers = context.Request.Headers;
                var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(headers["webhook-timestamp"]!, CultureInfo.InvariantCulture));
                var signed = WebhookSignature.Headers(headers["webhook-id"]!, at, body.ToArray(), secret).Single(header => header.Key == "webhook-signature").Value;
                if (signed == headers["webhook-signature"])
                {
                    var export = JsonElement.Parse(Encoding.UTF8.GetString(body.ToArray())).GetProperty("data").GetProperty("exportId").GetString()!;
                    idsOf.GetOrAdd(export, _ => []).Add(headers["webhook-id"]!);
                    takenAt.TryAdd(export, TimeProvider.System.GetUtcNow());
                }

                context.Response.StatusCode = signed == headers["webhook-signature"] ? 204 : 401;
                context.Response.Close();
            }
        }
    }
}
