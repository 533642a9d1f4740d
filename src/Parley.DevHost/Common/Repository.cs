using System.Reflection;

namespace Parley.DevHost.Common;

/// <summary>The tree that this program was built in.</summary>
public static class Repository
{
    /// <summary>Its root.</summary>
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>What builds and runs leave behind; not in version control.</summary>
    public static string Artifacts { get; } = Path.Combine(Root, "artifacts");

    /// <summary>The program that a project of this tree builds, in this program's own configuration: an absolute path.</summary>
    public static string Program(string project) =>
        Path.Combine(Artifacts, "bin", project, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), $"{project}.dll");
}
