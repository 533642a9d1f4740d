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

    /// <summary>Starts the functions under a host.json of the test's own.</summary>
    public static async Task<ParleyHost> StartAsync(
        string hostJson, IReadOnlyDictionary<string, string?> settings, Action<IServiceCollection> addServices, params Type[] functionClasses)
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, hostJson);
        try
        {
            return await ParleyHost.StartAsync(new HostedApp(functionClasses, (services, _) => addServices(services), path), settings);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static HttpClient NewClient(this ParleyHost host) => new() { BaseAddress = host.BaseAddress };
}
