using System.Collections.Immutable;

namespace Parley.Tests.Architecture;

/// <summary>The permitted arrows between folders, and the tests of references against them.</summary>
internal sealed class LayerRules
{
    // Enough to find the cause.
    private const int MembersShown = 8;

    private const string All = "all";

    private readonly ImmutableSortedDictionary<string, ImmutableSortedSet<string>> arrows;

    private LayerRules(ImmutableSortedDictionary<string, ImmutableSortedSet<string>> arrows) => this.arrows = arrows;

    /// <summary>
    /// Parses lines such as <c>Tenants, Files → Storage, Core</c>: each folder on the left may use each on the right,
    /// and what those may use. The line <c>Functions → all</c> permits every arrow from Functions and from the folders
    /// within it; cycles are found all the same.
    /// </summary>
    public static LayerRules Parse(string table)
    {
        var named =
            from line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            let sides = line.Split('→')
            from source in Names(sides[0])
            from target in Names(sides[1])
            select (source, target);
        return new LayerRules(Graph(named));
    }

    /// <summary>The arrows of references, each with its first members, sorted by folders.</summary>
    public static IReadOnlyList<string> Describe(IEnumerable<LayerReference> references) =>
    [
        .. references
            .GroupBy(one => (Folder: SourceOf(one), one.TargetFolder))
            .OrderBy(arrow => arrow.Key.Folder, StringComparer.Ordinal)
            .ThenBy(arrow => arrow.Key.TargetFolder, StringComparer.Ordinal)
            .Select(arrow => Describe($"{arrow.Key.Folder} → {Shown(arrow.Key.TargetFolder)}", arrow)),
    ];

    /// <summary>The arrows of references that are not permitted.</summary>
    public IReadOnlyList<string> Forbidden(IEnumerable<LayerReference> references) =>
        Describe(references.Where(one => !IsPermitted(one)));

    /// <summary>The permitted arrows that no reference uses directly.</summary>
    public IReadOnlyList<string> Unused(IEnumerable<LayerReference> references)
    {
        var used = references.Select(one => (one.Folder, one.TargetFolder)).ToHashSet();
        return
        [
            .. from row in arrows
            from target in row.Value
            where !used.Contains((row.Key, target)) && target != All
            select $"{row.Key} → {target}",
        ];
    }

    /// <summary>Groups of folders that reach each other along permitted arrows.</summary>
    public IReadOnlyList<string> Cycles() => Cycles(arrows);

    /// <summary>The groups of folders that reach each other by references. Registration is above all of them.</summary>
    public static IReadOnlyList<string> Cycles(IEnumerable<LayerReference> references) =>
        Cycles(Graph(references.Where(one => !one.IsRegistration).Select(one => (one.Folder, one.TargetFolder))));

    private static ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Graph(
        IEnumerable<(string Source, string Target)> named) =>
        named.GroupBy(arrow => arrow.Source, arrow => arrow.Target, StringComparer.Ordinal)
            .ToImmutableSortedDictionary(
                group => group.Key,
                group => group.ToImmutableSortedSet(StringComparer.Ordinal),
                StringComparer.Ordinal);

    private static IReadOnlyList<string> Cycles(ImmutableSortedDictionary<string, ImmutableSortedSet<string>> graph)
    {
        var below = graph.Keys.ToDictionary(folder => folder, folder => Below(graph, folder), StringComparer.Ordinal);
        return
        [
            .. graph.Keys
                .Where(folder => below[folder].Contains(folder))
                .Select(folder => string.Join(" ↔ ", below[folder]
                    .Where(other => below.TryGetValue(other, out var back) && back.Contains(folder))
                    .Select(Shown)))
                .Distinct(),
        ];
    }

    /// <summary>The folders that a folder reaches; itself only in a cycle.</summary>
    private static SortedSet<string> Below(
        ImmutableSortedDictionary<string, ImmutableSortedSet<string>> graph, string folder)
    {
        var below = new SortedSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>([folder]);
        while (next.TryPop(out var current))
        {
            foreach (var target in graph.GetValueOrDefault(current, []).Where(below.Add))
            {
                next.Push(target);
            }
        }

        return below;
    }

    /// <summary>A class that registers services may name all folders within its own, and all below those.</summary>
    private bool IsPermitted(LayerReference reference)
    {
        var (folder, target) = (reference.Folder, reference.TargetFolder);
        return Below(arrows, folder).Contains(target)
            || arrows.Any(row => row.Value.Contains(All) && (row.Key == folder || IsWithin(folder, row.Key)))
            || (reference.IsRegistration && (IsWithin(target, folder)
                || arrows.Keys.Any(row => IsWithin(row, folder) && Below(arrows, row).Contains(target))));
    }

    private static bool IsWithin(string folder, string outer) =>
        outer.Length == 0 || folder.StartsWith(outer + ".", StringComparison.Ordinal);

    private static string Describe(string arrow, IEnumerable<LayerReference> references)
    {
        var members = references.Select(one => $"{one.Member} → {one.Target}").Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        var rest = members.Count > MembersShown ? $"\n    and {members.Count - MembersShown} more" : "";
        return $"{arrow}\n    {string.Join("\n    ", members.Take(MembersShown))}{rest}";
    }

    private static string SourceOf(LayerReference reference) =>
        reference.IsRegistration ? $"{Shown(reference.Folder)} (registration)" : Shown(reference.Folder);

    private static string Shown(string folder) => folder.Length == 0 ? "(root)" : folder;

    private static string[] Names(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
