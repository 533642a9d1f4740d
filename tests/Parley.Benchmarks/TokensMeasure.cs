using System.Diagnostics;
using Azure.Core;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Tokens;

namespace Parley.Benchmarks;

/// <summary>
/// The same request with an API key and with an access token of Parley, in turn: its time, its storage calls, and the
/// time of the authentication alone.
/// </summary>
internal static class TokensMeasure
{
    private const int Clients = 4;
    private const int Authentications = 2_000;
    private const int Counted = 200;

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"tokens: GET of a conversation by {Clients} clients, {options.Rounds} rounds of {options.RoundLength.TotalSeconds} s with a key and with a token in turn");
        var calls = new StorageCalls();
        await using var system = await StartedSystem.StartAsync((services, connectionString) =>
        {
            var tables = StorageClients.TableOptions();
            tables.AddPolicy(calls, HttpPipelinePosition.PerRetry);
            services.AddSingleton(new TableServiceClient(connectionString, tables));
        });
        using var withKey = await system.NewTenantAsync();
        var conversation = await withKey.CreateConversationAsync();
        var token = await IssueAsync(system.Services, withKey.Tenant);
        using var withToken = new TenantClient(system.Api, withKey.Tenant, token);
        var path = $"v1/conversations/{conversation.Number}";

        // Warm-up.
        await LoadAsync(withKey, path, options.RoundLength);
        await LoadAsync(withToken, path, options.RoundLength);
        var table = new TextTable("round", "key p50 / p99 ms", "token p50 / p99 ms", "p50 ratio", "authentication key / token µs");
        var (ratios, keyTimes, tokenTimes) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= options.Rounds; round++)
        {
            var (key, other) = (await LoadAsync(withKey, path, options.RoundLength), await LoadAsync(withToken, path, options.RoundLength));
            ratios.Add(Percentile.Of(other, 0.5) / Percentile.Of(key, 0.5));
            keyTimes.Add(await AuthenticationAsync(() => system.Services.GetRequiredService<Authenticator>().AuthenticateAsync(withKey.ApiKey, CancellationToken.None)));
            tokenTimes.Add(await AuthenticationAsync(() => system.Services.GetRequiredService<AccessTokens>().AuthenticateAsync(token, () => null, CancellationToken.None)));
            table.Add($"{round}", Times(key), Times(other), $"{ratios[^1]:F2}", $"{keyTimes[^1]:F0} / {tokenTimes[^1]:F0}");
        }

        table.Print();
        var (ofKey, ofToken) = (await CountAsync(withKey, path, calls), await CountAsync(withToken, path, calls));
        var (ratio, keyTime, tokenTime) = (Spread.Of(ratios), Spread.Of(keyTimes), Spread.Of(tokenTimes));
        Console.WriteLine($"  p50 ratio: median {ratio.Median:F2} ({ratio.Min:F2} to {ratio.Max:F2})");
        Console.WriteLine($"  authentication alone: key {keyTime.Median:F0} µs ({keyTime.Min:F0} to {keyTime.Max:F0}), token {tokenTime.Median:F0} µs ({tokenTime.Min:F0} to {tokenTime.Max:F0})");
        Console.WriteLine($"  storage calls of {Counted} requests: {ofKey} with the key, {ofToken} with the token");
        var isMet = ofKey == ofToken;
        Console.WriteLine(isMet ? "  A warm token costs no storage call." : "  The token costs storage calls.");
        return isMet;
    }

    private static async Task<string> IssueAsync(IServiceProvider services, TenantId tenant)
    {
        var key = await services.GetRequiredService<ApiKeyReader>().GetAsync(tenant, 1, CancellationToken.None);
        return (await services.GetRequiredService<TokenSigner>().IssueAsync(key, key.Scopes, CancellationToken.None)).Text;
    }

    /// <summary>The times of the requests, sorted, in milliseconds.</summary>
    private static async Task<double[]> LoadAsync(TenantClient client, string path, TimeSpan length)
    {
        var began = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            var own = new List<double>();
            while (Stopwatch.GetElapsedTime(began) < length)
            {
                var sent = Stopwatch.GetTimestamp();
                await client.GetAsync(path);
                own.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }

            return own;
        }));
        return [.. times.SelectMany(own => own).Order()];
    }

    /// <summary>The mean time of an authentication, in microseconds.</summary>
    private static async Task<double> AuthenticationAsync(Func<Task<Caller>> authenticate)
    {
        var began = Stopwatch.GetTimestamp();
        for (var number = 0; number < Authentications; number++)
        {
            await authenticate();
        }

        return Stopwatch.GetElapsedTime(began).TotalMicroseconds / Authentications;
    }

    private static async Task<int> CountAsync(TenantClient client, string path, StorageCalls calls)
    {
        await client.GetAsync(path);
        calls.TakeAll();
        for (var number = 0; number < Counted; number++)
        {
            await client.GetAsync(path);
        }

        return calls.TakeAll().Count;
    }

    private static string Times(double[] sorted) => $"{Percentile.Of(sorted, 0.5):F2} / {Percentile.Of(sorted, 0.99):F2}";
}
