using System.Collections.Concurrent;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Hosting;

/// <summary>Functions share no memory, except HTTP functions among themselves.</summary>
public sealed class InstanceTests
{
    [Fact]
    public async Task Every_function_without_HTTP_has_services_of_its_own()
    {
        var (islands, visits) = (new Visits(), new Visits());
        var host = await TestApp.StartAsync(
            "{}",
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(), ["Parley__AdminKey"] = "key" },
            services => services.AddKeyedSingleton("islands", islands).AddKeyedSingleton("visits", visits).AddSingleton<Island>().AddHostedService<Visitor>(),
            typeof(Functions));
        await using (host)
        {
            Assert.Equal(["start", "start", "start", "start"], visits.Of.Select(visit => visit.What));
            Assert.Equal(4, visits.Of.Select(visit => visit.Island).Distinct().Count());

            using var http = host.NewClient();
            http.DefaultRequestHeaders.Add("Authorization", "Bearer key");
            await http.GetAsync("api/one");
            await http.GetAsync("api/two");
            foreach (var name in (string[])["Queue", "Timer", "OtherTimer"])
            {
                using var response = await http.PostAsJsonAsync($"admin/functions/{name}", new { input = "" });
                Assert.Equal(202, (int)response.StatusCode);
            }

            await Eventually.TrueAsync(() => islands.Of.Count == 5);
            var seen = islands.Of.ToDictionary(visit => visit.What, visit => visit.Island);
            Assert.Same(seen["one"], seen["two"]);
            Assert.Equal(4, seen.Values.Distinct().Count());
        }

        Assert.Equal(4, visits.Of.Count(visit => visit.What == "stop"));
        Assert.All(islands.Of, visit => Assert.True(visit.Island.IsDisposed));
    }

    public sealed class Visits
    {
        public ConcurrentQueue<(string What, Island Island)> Of { get; } = new();
    }

    public sealed class Island : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    public sealed class Visitor(Island island, [FromKeyedServices("visits")] Visits visits) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            visits.Of.Enqueue(("start", island));
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            visits.Of.Enqueue(("stop", island));
            return Task.CompletedTask;
        }
    }

    public sealed class Functions(Island island, [FromKeyedServices("islands")] Visits islands)
    {
        [Function("One")]
        public Task One([HttpTrigger(AuthorizationLevel.Anonymous, Route = "one")] HttpRequest request) => Visit("one");

        [Function("Two")]
        public Task Two([HttpTrigger(AuthorizationLevel.Anonymous, Route = "two")] HttpRequest request) => Visit("two");

        [Function("Queue")]
        public Task Queue([QueueTrigger("no-such-queue")] string message) => Visit("queue");

        [Function("Timer")]
        public Task Timer([TimerTrigger("0 0 0 1 1 *")] TimerInfo timer) => Visit("timer");

        [Function("OtherTimer")]
        public Task OtherTimer([TimerTrigger("0 0 0 1 1 *")] TimerInfo timer) => Visit("other timer");

        private Task Visit(string by)
        {
            islands.Of.Enqueue((by, island));
            return Task.CompletedTask;
        }
    }
}
