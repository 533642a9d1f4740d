using Azure.Data.Tables;
using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Parley.Storage;

/// <summary>Connects to storage as the Functions host itself does, and creates the tables when the app starts.</summary>
public sealed class StorageSetup(ParleyTables tables) : IHostedService
{
    /// <summary>
    /// A client from <c>AzureWebJobsStorage</c>: a connection string, or for identity-based connections
    /// <c>AzureWebJobsStorage__tableServiceUri</c> or <c>AzureWebJobsStorage__accountName</c> with a managed identity
    /// (<c>AzureWebJobsStorage__clientId</c> names a user-assigned one).
    /// </summary>
    /// <exception cref="InvalidOperationException">None of them is set.</exception>
    public static TableServiceClient Connect(IConfiguration configuration, TableClientOptions options)
    {
        var section = configuration.GetSection("AzureWebJobsStorage");
        if (section.Value is { Length: > 0 } connectionString)
        {
            return new TableServiceClient(connectionString, options);
        }

        var address = section["tableServiceUri"] ?? (section["accountName"] is { } account ? $"https://{account}.table.core.windows.net" : null);
        return address is null
            ? throw new InvalidOperationException("No storage: set AzureWebJobsStorage to a connection string, or AzureWebJobsStorage__accountName for a managed identity.")
            : new TableServiceClient(new Uri(address), new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = section["clientId"] }), options);
    }

    /// <summary>
    /// Retries of Azure.Core: 503s, time-outs and broken connections up to three times. Every try ends after two seconds, so that
    /// all four of them, with the pauses between, fit into <see cref="WriteBudget.SendTimeout"/>.
    /// </summary>
    public static TableClientOptions ClientOptions()
    {
        var options = new TableClientOptions();
        options.Retry.MaxRetries = 3;
        options.Retry.Delay = TimeSpan.FromMilliseconds(100);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(1);
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(2);
        return options;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => tables.CreateIfNotExistsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
