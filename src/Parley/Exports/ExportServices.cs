using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Storage;

namespace Parley.Exports;

internal static class ExportServices
{
    /// <exception cref="Core.StartUpException">
    /// A setting is invalid. Settings are read here, so that the app does not start with an invalid one.
    /// </exception>
    public static IServiceCollection AddExports(
        this IServiceCollection services, IConfiguration configuration) => services
        .AddSingleton(ExportOptions.Read(configuration))
        .AddStorageResource<ExportFiles>()
        .AddWorkQueue<ExportStep>()
        .AddSingleton<ExportStore>()
        .AddSingleton<ExportLeaseStore>()
        .AddSingleton<ExportCreation>()
        .AddSingleton<ExportDispatch>()
        .AddSingleton<ExportContents>()
        .AddSingleton<ExportFileJob>()
        .AddSingleton<ExportWebhookJob>()
        .AddSingleton<ExportRedelivery>()
        .AddSingleton<ExportRemoval>();
}
