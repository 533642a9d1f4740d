using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Parley;

/// <summary>The running build.</summary>
/// <param name="Version">The product's version, as <c>0.1.0</c>.</param>
/// <param name="Commit">The commit that was built; null for a build outside a git work tree.</param>
/// <param name="Built">When it was published; null for a build that was not (<c>./dev run</c>).</param>
public sealed record VersionResponse(string Version, string? Commit, DateTimeOffset? Built);

/// <summary>Version of the running build. Needs no API key.</summary>
public sealed class VersionFunction(ApiEndpoint endpoint)
{
    private static readonly VersionResponse Running = Read(typeof(VersionFunction).Assembly);

    /// <summary>GET /version.</summary>
    [Function("Version")]
    public Task Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/version")] HttpRequest request) =>
        endpoint.RunAsync(request, () => Task.FromResult<IResult>(
            new JsonResult<VersionResponse>(Running, CamelJson.Default.VersionResponse)));

    /// <summary>Reads what the build writes into the assembly: <c>0.1.0+commit</c>, and the metadata <c>Built</c>.</summary>
    internal static VersionResponse Read(Assembly assembly)
    {
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+');
        var built = assembly.GetCustomAttributes<AssemblyMetadataAttribute>().SingleOrDefault(metadata => metadata.Key == "Built");
        return new VersionResponse(
            version[0],
            version.ElementAtOrDefault(1),
            built is null ? null : DateTimeOffset.Parse(built.Value!, CultureInfo.InvariantCulture));
    }
}
