using Azure.Identity;
using Microsoft.Extensions.Hosting;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Creates the tables, the containers and the queues when the app starts.</summary>
public sealed class StorageCreation(IEnumerable<IStorageResource> resources) : IHostedService
{
    /// <summary>
    /// The Functions host gives a worker one minute to start; the error must be in its log before that.
    /// </summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    /// <exception cref="StartUpException">Storage does not respond, or denies access to the app.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartLimit);
        try
        {
            await Task.WhenAll(resources.Select(resource => resource.CreateIfNotExistsAsync(deadline.Token)));
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellationToken) || e is AuthenticationFailedException)
        {
            var cause = deadline.IsCancellationRequested
                ? $"no answer within {StartLimit.TotalSeconds} s"
                : StorageErrors.FirstLine(e).TrimEnd('.');
            throw new StartUpException(
                $"Storage cannot be used: {cause}. Check that it runs, that {StorageClients.Setting} names it, "
                + "and that the app's identity has its roles.",
                e);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
