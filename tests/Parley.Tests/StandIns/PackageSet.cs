using System.Reflection;
using Parley.LocalHost;

namespace Parley.Tests.StandIns;

/// <summary>The package set that this build uses, and the packages that have a stand-in.</summary>
internal static class PackageSet
{
    public static string Name { get; } = typeof(PackageSet).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "AzurePackages").Value!;

    public static bool IsStandIn => Name == "standin";

    public static string Folder { get; } = Path.Combine(Repository.Root, "src", "StandIns");

    /// <summary>Their ids, which are also the names of the stand-ins' assemblies.</summary>
    public static string[] Ids { get; } = [.. Directory.GetDirectories(Folder).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <summary>Whether an assembly belongs to one of these packages; the real worker's package brings several.</summary>
    public static bool Serves(string assembly) => Ids.Contains(assembly) || assembly.StartsWith("Microsoft.Azure.Functions.Worker", StringComparison.Ordinal);
}
