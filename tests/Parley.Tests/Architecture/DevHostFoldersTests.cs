using System.Text.RegularExpressions;
using Parley.DevHost.Common;
using Xunit;

namespace Parley.Tests.Architecture;

/// <summary>
/// The permitted references between folders of the development host; docs/local-host.md describes each folder.
/// </summary>
public sealed partial class DevHostFoldersTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Common"] = [],
        ["Settings"] = ["Common"],
        ["Emulator"] = ["Common"],
        ["Worker"] = ["Common"],
        ["Triggers"] = ["Common", "Settings", "Worker"],
        ["Http"] = ["Common", "Triggers", "Worker"],
        ["Commands"] = ["Common", "Emulator"],
        [""] = ["Common", "Settings", "Worker", "Triggers", "Http", "Commands"],
    };

    [Fact]
    public void Folders_reference_only_the_folders_below_them()
    {
        var root = Path.Combine(Repository.Root, "src", "Parley.DevHost");
        var files = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).ToList();
        Assert.Equal(Arrows.Keys.Order(), files.Select(file => FolderOf(root, file)).Distinct().Order());
        Assert.All(files, file => Assert.Empty(
            Namespaces().Matches(File.ReadAllText(file)).Select(match => match.Groups["folder"].Value)
                .Where(folder => folder != FolderOf(root, file)).Except(Arrows[FolderOf(root, file)])));
    }

    private static string FolderOf(string root, string file) =>
        Path.GetRelativePath(root, file) is var path && path.Contains(Path.DirectorySeparatorChar) ? path.Split(Path.DirectorySeparatorChar)[0] : "";

    [GeneratedRegex(@"^using Parley\.DevHost\.?(?<folder>\w*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Namespaces();
}
