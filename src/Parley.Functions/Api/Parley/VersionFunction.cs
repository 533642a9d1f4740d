using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Parley;

/// <summary>The running build.</summary>
/// <param name="Version">The version of the product, such as <c>0.1.0</c>.</param>
/// <param name="Commit">The commit of the build; null for a build outside a git work tree.</param>
/// <param name="Built">The time of publishing; null for a build that is not published (<c>./dev run</c>).</param>
public sealed record VersionResponse(string Version, string? Commit, DateTimeOffset? Built);

/// <summary>The version of the running build. The endpoint requires no API key.</summary>
public sealed class VersionFunction(ApiEndpoint endpoint)
{
    private static readonly VersionResponse Running = Read(typeof(VersionFunction).Assembly);

    [Function("Version")]
    [OpenToAll]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/version")] HttpRequest request) =>
        endpoint.RunAsync(request, () => Task.FromResult<IResult>(
            new JsonResult<VersionResponse>(Running, ParleyJson.Default.VersionResponse)));

    /// <summary>
    /// Reads the attributes that the build writes into the assembly: <c>0.1.0+commit</c>, and the metadata
    /// <c>Built</c>.
    /// </summary>
    internal static VersionResponse Read(Assembly assembly)
    {
        var informational = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!;
        var version = informational.InformationalVersion.Split('+');
        var built = assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .SingleOrDefault(metadata => metadata.Key == "Built");
        return new VersionResponse(
            version[0],
            version.ElementAtOrDefault(1),
            built is null ? null : DateTimeOffset.Parse(built.Value!, CultureInfo.InvariantCulture));
    }
}
