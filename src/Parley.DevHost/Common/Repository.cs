using System.Reflection;

namespace Parley.DevHost.Common;

/// <summary>Paths in the source tree in which this program was built.</summary>
public static class Repository
{
    /// <summary>The root folder of the source tree.</summary>
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>The folder for output of builds and runs. It is not in version control.</summary>
    public static string Artifacts { get; } = Path.Combine(Root, "artifacts");

    /// <summary>
    /// The absolute path of a project's program, in the same build configuration as the running program.
    /// </summary>
    public static string Program(string project)
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(Artifacts, "bin", project, configuration, $"{project}.dll");
    }
}
