using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.DevHost.Emulator;

namespace Parley.Benchmarks;

/// <summary>
/// A page of 50 messages and a post, with and without the export of telemetry, in turn: two hosts with a worker process
/// each, on the same storage.
/// </summary>
internal static class TelemetryMeasure
{
    private const int PerPage = 50;
    private const int AtOnce = 4;

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"telemetry: {AtOnce} clients, {options.Rounds} rounds of {options.RoundLength.TotalSeconds} s with and without export in turn");
        await using var receiver = await Receiver.StartAsync();
        await using var azurite = await Azurite.StartAsync(directory: null, line => Console.WriteLine($"  {line}"));
        var settings = Settings(azurite.ConnectionString);
        await using var silent = await FunctionsHost.StartAsync(new FunctionsHostOptions { Settings = settings });
        await using var watched = await FunctionsHost.StartAsync(new FunctionsHostOptions
        {
            Settings = new Dictionary<string, string?>(settings)
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            },
        });
        using var admin = new AdminClient(silent.Api, settings["Parley__AdminKey"]!);
        var access = await admin.CreateTenantAsync("Benchmark", "Benchmark key");
        using var off = new TenantClient(silent.Api, new TenantId((int)access.Tenant), access.ApiKey);
        using var on = new TenantClient(watched.Api, new TenantId((int)access.Tenant), access.ApiKey);
        var path = TenantClient.Messages(await off.CreateConversationAsync());
        var texts = new Random(7);
        for (var number = 0; number < PerPage; number++)
        {
            await off.PostAsync(path, TenantClient.Message(SampleText.Next(texts)));
        }

        var page = $"{path}?per_page={PerPage}";
        foreach (var (name, request) in new (string, Func<TenantClient, Func<Task>>)[]
        {
            ("page of 50", client => () => client.GetAsync(page)),
            ("post", client =>
            {
                var (own, body) = (Task.Run(() => client.CreateConversationAsync()), TenantClient.Message(SampleText.Next(texts)));
                return async () => await client.PostAsync(TenantClient.Messages(await own), body);
            }),
        })
        {
            await RunAsync(off, silent, request, options.RoundLength);
            await RunAsync(on, watched, request, options.RoundLength);
            var sent = receiver.Bytes;
            var (rounds, exported) = (new List<(Result On, Result Off)>(), 0L);
            for (var round = 0; round < options.Rounds; round++)
            {
                var first = round % 2 == 0 ? await RunAsync(off, silent, request, options.RoundLength) : await RunAsync(on, watched, request, options.RoundLength);
                var second = round % 2 == 0 ? await RunAsync(on, watched, request, options.RoundLength) : await RunAsync(off, silent, request, options.RoundLength);
                rounds.Add(round % 2 == 0 ? (second, first) : (first, second));
                exported += rounds[^1].On.Requests;
            }

            var table = new TextTable(name, "on", "off", "on : off");
            Add(table, "p50 ms", rounds, result => result.P50);
            Add(table, "p99 ms", rounds, result => result.P99);
            Add(table, "processor ms/request of the worker", rounds, result => result.Cpu);
            table.Print();
            Console.WriteLine($"  {(receiver.Bytes - sent) / (double)exported:0} bytes exported for each request, after compression if any");
        }

        return receiver.Bytes > 0;
    }

    private static Dictionary<string, string?> Settings(string storage) => new()
    {
        ["AzureWebJobsStorage"] = storage,
        ["Parley__AdminKey"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)),
        ["FollowUpSchedule"] = StartedSystem.Never,
        ["HousekeepingSchedule"] = StartedSystem.Never,
        ["ExportSchedule"] = StartedSystem.Never,
        ["AssistantSchedule"] = StartedSystem.Never,
        ["WatchSchedule"] = StartedSystem.Never,
        ["Providers__main__Type"] = "scripted",
    };

    private static async Task<Result> RunAsync(TenantClient client, FunctionsHost host, Func<TenantClient, Func<Task>> request, TimeSpan length)
    {
        using var worker = Process.GetProcessById(host.WorkerProcessIds[0]);
        var cpu = worker.TotalProcessorTime;
        var load = await Load.RunAsync(AtOnce, length, int.MaxValue, _ => request(client));
        worker.Refresh();
        return new Result(load.P50, load.P99, (worker.TotalProcessorTime - cpu).TotalMilliseconds / load.Requests, load.Requests);
    }

    private static void Add(TextTable table, string name, List<(Result On, Result Off)> rounds, Func<Result, double> figure)
    {
        table.Add(
            name,
            Show(Spread.Of(rounds.Select(round => figure(round.On)))),
            Show(Spread.Of(rounds.Select(round => figure(round.Off)))),
            Show(Spread.Of(rounds.Select(round => figure(round.On) / figure(round.Off)))));
    }

    private static string Show(Spread spread) => FormattableString.Invariant($"{spread.Median:0.00} ({spread.Min:0.00} to {spread.Max:0.00})");

    private sealed record Result(double P50, double P99, double Cpu, int Requests);

    /// <summary>Takes everything that is exported to it, and counts the bytes.</summary>
    private sealed class Receiver(WebApplication web) : IAsyncDisposable
    {
        private long bytes;

        public long Bytes => Interlocked.Read(ref bytes);

        public string Address => web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        public static async Task<Receiver> StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var receiver = new Receiver(builder.Build());
            await receiver.StartWebAsync();
            return receiver;
        }

        public ValueTask DisposeAsync() => web.DisposeAsync();

        private Task StartWebAsync()
        {
            web.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                Interlocked.Add(ref bytes, body.Length);
                context.Response.ContentType = "application/x-protobuf";
            });
            return web.StartAsync();
        }
    }
}
