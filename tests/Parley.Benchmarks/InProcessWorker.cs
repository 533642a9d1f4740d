using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Parley.DevHost.Common;
using Parley.Functions;

namespace Parley.Benchmarks;

/// <summary>Parley's worker in this process, so that a measure can count its storage calls and use its services. The host speaks to it as to any other.</summary>
internal sealed class InProcessWorker : IWorkerProcess
{
    private readonly IHost host;
    private readonly Task ended;

    private InProcessWorker(IHost host)
    {
        this.host = host;
        ended = host.WaitForShutdownAsync();
    }

    public IServiceProvider Services => host.Services;

    public int Id => Environment.ProcessId;

    public int ExitCode => 0;

    public string Output => "";

    /// <summary>Starts it.</summary>
    /// <param name="environment">What a worker process would have as its environment.</param>
    /// <param name="configure">Changes the app's services after it registered them.</param>
    public static async Task<InProcessWorker> StartAsync(IReadOnlyDictionary<string, string?> environment, Action<IServiceCollection>? configure = null)
    {
        // The worker reads where host.json is from the environment alone.
        Environment.SetEnvironmentVariable("FUNCTIONS_APPLICATION_DIRECTORY", environment["FUNCTIONS_APPLICATION_DIRECTORY"]);
        var builder = ParleyApp.CreateBuilder([], environment.Select(setting =>
            KeyValuePair.Create(setting.Key.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), setting.Value)));
        configure?.Invoke(builder.Services);
        var built = builder.Build();
        await built.StartAsync();
        return new InProcessWorker(built);
    }

    public Task WaitForExitAsync(CancellationToken cancellationToken) => ended.WaitAsync(cancellationToken);

    public void Kill() => host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

    public void Dispose()
    {
        Kill();
        host.Dispose();
    }
}
