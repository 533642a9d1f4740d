using System.Text.Json;
using Parley.DevHost.Common;
using Parley.Operations.Format;
using Parley.Tests.Operations;

namespace Parley.Tests.Compatibility;

/// <summary>The properties of a kind of row, with their EDM types.</summary>
/// <param name="Since">The version that wrote the first row of the kind.</param>
/// <param name="Required">Properties of every row.</param>
/// <param name="Optional">
/// Properties of some rows; the full store has a row with each. <c>Text#</c> are the continuations <c>Text1</c>,
/// <c>Text2</c> … of a long text.
/// </param>
/// <param name="Rare">Properties of rows that the full store does not have.</param>
internal sealed record RowKind(
    string Since,
    Dictionary<string, string> Required,
    Dictionary<string, string> Optional,
    Dictionary<string, string> Rare)
{
    /// <summary>The type of a property; null for a property that the kind does not have.</summary>
    public string? TypeOf(string property) => Find(property) ?? Find(Continuation(property));

    /// <summary>The contract's name for a continuation of a long text; any other name is returned unchanged.</summary>
    public static string Continuation(string property) =>
        char.IsAsciiDigit(property[^1]) ? property.TrimEnd("0123456789".ToCharArray()) + "#" : property;

    private string? Find(string name) =>
        Required.GetValueOrDefault(name) ?? Optional.GetValueOrDefault(name) ?? Rare.GetValueOrDefault(name);
}

/// <summary>The properties that readers need of each kind of row: <c>row-contract.json</c>.</summary>
internal sealed record RowContract(SortedDictionary<string, RowKind> Kinds)
{
    private static readonly string Path =
        System.IO.Path.Combine(Repository.Root, "tests", "Parley.Tests", "Compatibility", "row-contract.json");

    public static RowContract Read() =>
        new(JsonSerializer.Deserialize<SortedDictionary<string, RowKind>>(
            File.ReadAllText(Path), JsonSerializerOptions.Web)!);

    /// <summary>The kinds of rows that a version writes.</summary>
    public IEnumerable<string> KindsOf(string version) =>
        Kinds.Where(kind => Version.Parse(kind.Value.Since) <= Version.Parse(version)).Select(kind => kind.Key);

    /// <summary>Returns every violation of the contract by the rows.</summary>
    public IReadOnlyList<string> BrokenBy(IEnumerable<StoredRow> rows) =>
        [.. rows.SelectMany(row => BrokenBy(StoreKinds.KindOf(row.Table, row.RowKey), TypesOf(row))).Distinct()];

    /// <summary>Optional properties that no row has.</summary>
    public IReadOnlyList<string> UnseenIn(IEnumerable<StoredRow> rows)
    {
        var seen = rows
            .Select(row => (Kind: StoreKinds.KindOf(row.Table, row.RowKey), Names: TypesOf(row).Keys))
            .SelectMany(row => row.Names.SelectMany(name =>
                new[] { (row.Kind, name), (row.Kind, RowKind.Continuation(name)) }))
            .ToHashSet();
        return [.. Kinds.SelectMany(kind => kind.Value.Optional.Keys
            .Where(name => !seen.Contains((kind.Key, name)))
            .Select(name => $"{kind.Key}: no row has the optional property {name}"))];
    }

    /// <summary>The EDM types of a row's properties, as the stored line states them.</summary>
    public static Dictionary<string, string> TypesOf(StoredRow row) =>
        RowLine.Read(row.Line)
            .Where(property => property.Key is not ("PartitionKey" or "RowKey"))
            .ToDictionary(property => property.Key, property => TypeOf(property.Value));

    private IEnumerable<string> BrokenBy(string name, Dictionary<string, string> types)
    {
        if (!Kinds.TryGetValue(name, out var kind))
        {
            return [$"{name} is not in the contract"];
        }

        var missing = kind.Required.Keys.Except(types.Keys)
            .Select(property => $"{name}: a row lacks the required property {property}");
        var changed = types.Where(property => kind.TypeOf(property.Key) != property.Value).Select(property =>
            kind.TypeOf(property.Key) is { } type
                ? $"{name}: {property.Key} is {property.Value}, not {type}"
                : $"{name}: {property.Key} ({property.Value}) is not in the contract");
        return missing.Concat(changed);
    }

    private static string TypeOf(object value) => value switch
    {
        string => "String",
        bool => "Boolean",
        int => "Int32",
        long => "Int64",
        double => "Double",
        DateTimeOffset => "DateTime",
        Guid => "Guid",
        byte[] => "Binary",
        _ => throw new InvalidDataException($"{value.GetType()} is no type of Table Storage."),
    };
}
