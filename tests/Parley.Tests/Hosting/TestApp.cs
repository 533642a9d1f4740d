using Microsoft.Extensions.DependencyInjection;
using Parley.LocalHost;

namespace Parley.Tests.Hosting;

/// <summary>Hosts of the functions that a test brings along.</summary>
internal static class TestApp
{
    public static Task<ParleyHost> StartAsync(params Type[] functionClasses) => StartAsync(_ => { }, functionClasses);

    public static Task<ParleyHost> StartAsync(Action<IServiceCollection> addServices, params Type[] functionClasses) =>
        ParleyHost.StartAsync(
            new HostedApp(functionClasses, (services, _) => addServices(services), Path.Combine(AppContext.BaseDirectory, "host.json")),
            new Dictionary<string, string?>());

    public static HttpClient NewClient(this ParleyHost host) => new() { BaseAddress = host.BaseAddress };
}
