using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Parley.DevHost.Common;
using Parley.Functions;

namespace Parley.Benchmarks;

/// <summary>
/// Parley's worker in this process, so that a measure can count its storage calls and use its services. For the host it
/// is a normal worker.
/// </summary>
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

    /// <summary>Starts the worker.</summary>
    /// <param name="environment">The environment of a worker process.</param>
    /// <param name="configure">Changes the app's services after the app has registered them.</param>
    public static async Task<InProcessWorker> StartAsync(IReadOnlyDictionary<string, string?> environment, Action<IServiceCollection>? configure = null)
    {
        // The worker reads the location of host.json only from the environment.
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
