using Microsoft.Extensions.DependencyInjection;
using Parley.Storage;

namespace Parley.Files;

internal static class FileServices
{
    public static IServiceCollection AddFiles(this IServiceCollection services) => services
        .AddStorageResource<FileStore>()
        .AddSingleton<Uploads>()
        .AddSingleton<UploadLinks>();
}
