using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>Where a worker's Program.cs begins.</summary>
public class FunctionsApplication
{
    private FunctionsApplication()
    {
    }

    /// <summary>A builder with the host's default configuration: environment variables and command line.</summary>
    public static FunctionsApplicationBuilder CreateBuilder(string[] args) => new(args);
}

/// <summary>Collects configuration and services. A stand-in build cannot be run by the Functions host; Build says so.</summary>
public class FunctionsApplicationBuilder
{
    private readonly HostApplicationBuilder builder;

    internal FunctionsApplicationBuilder(string[] args) => builder = Host.CreateApplicationBuilder(args);

    /// <summary>The app's settings.</summary>
    public ConfigurationManager Configuration => builder.Configuration;

    /// <summary>The app's services.</summary>
    public IServiceCollection Services => builder.Services;

    /// <summary>Always fails: the stand-in has no worker behind it.</summary>
    /// <exception cref="InvalidOperationException">Always, with what to do instead.</exception>
    public IHost Build() => throw new InvalidOperationException(
        "This build uses the stand-ins of src/StandIns, which the Functions host cannot run. "
        + "Run it with './dev run', or build with the real packages: dotnet build -p:AzurePackages=nuget");
}
