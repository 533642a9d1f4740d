using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Parley.Tenants;

namespace Parley.Functions.Api.Access;

/// <summary>
/// Says once, when the app has started, that the admin key is not usable. The app runs without one, because only the
/// administration needs it.
/// </summary>
public sealed class AdminKeyWarning(IConfiguration configuration) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (AdminKey.FindProblem(configuration["Parley:AdminKey"]) is { } problem)
        {
            // The Functions host copies the worker's standard error into its log. Entries of ILogger are lost before
            // the worker is connected to the host.
            await Console.Error.WriteLineAsync(problem);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
