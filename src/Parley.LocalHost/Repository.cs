using System.Reflection;

namespace Parley.LocalHost;

/// <summary>The tree that this program was built in.</summary>
public static class Repository
{
    /// <summary>Its root.</summary>
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>What builds and runs leave behind; not in version control.</summary>
    public static string Artifacts { get; } = Path.Combine(Root, "artifacts");
}
