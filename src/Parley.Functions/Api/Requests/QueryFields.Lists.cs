using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Parameters that are lists.</summary>
internal sealed partial class QueryFields
{
    /// <summary>
    /// Reads a list of ids that narrows the list: <c>a=1&amp;a=2</c>, <c>a[]=1&amp;a[]=2</c> or
    /// <c>a[0]=1&amp;a[1]=2</c>, also mixed.
    /// </summary>
    public IReadOnlyList<string> IdList(string name, int max)
    {
        var ids = FilterList(name);
        if (ids.Count > max)
        {
            errors.Add(name, $"Must have at most {max} entries.");
        }
        else if (ids.Any(id => id.Length > 0 && !Ids.IsWellFormed(id)))
        {
            errors.Add(name, "Must be ids: positive integers or UUIDs.");
        }

        return ids;
    }

    /// <summary>Reads a list of UUIDs that narrows the list, written as <see cref="IdList"/> says.</summary>
    public IReadOnlyList<Guid> UuidList(string name, int max)
    {
        var texts = FilterList(name);
        var uuids = texts.Select(text => Ids.TryParseUuid(text, out var uuid) ? uuid : (Guid?)null).ToList();
        if (texts.Count > max)
        {
            errors.Add(name, $"Must have at most {max} entries.");
        }
        else if (texts.Where((text, i) => text.Length > 0 && uuids[i] is null).Any())
        {
            errors.Add(name, "Must be UUIDs.");
        }

        return [.. uuids.OfType<Guid>()];
    }

    /// <summary>Reads words that narrow the list.</summary>
    public IReadOnlySet<string> Words(string name, params string[] words) => Known(name, FilterList(name), words);

    /// <summary>Reads words that add something to each entry of the list. An empty one asks for nothing.</summary>
    public IReadOnlySet<string> Additions(string name, params string[] words) =>
        Known(name, All(name).Where(text => text.Length > 0), words);

    /// <summary>
    /// Reads values of an enumeration that narrow the list, by their names in <see cref="EnumNames"/>.
    /// </summary>
    public IReadOnlySet<T> Choices<T>(string name)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(EnumNames.Of);
        return Known(name, FilterList(name), [.. words.Keys]).Select(word => words[word]).ToHashSet();
    }

    private HashSet<string> Known(string name, IEnumerable<string> sent, string[] words)
    {
        var found = sent.ToHashSet(StringComparer.Ordinal);
        if (!found.IsSubsetOf(words.Append("")))
        {
            errors.Add(name, $"Must be among: {string.Join(", ", words)}.");
        }

        return [.. found.Intersect(words)];
    }

    private List<string> FilterList(string name)
    {
        var found = All(name);
        if (found.Contains(""))
        {
            errors.Add(name, MustNotBeEmpty);
        }

        return found;
    }

    private List<string> All(string name)
    {
        lists.Add(name);
        return
        [
            .. Sent(name)
                .Where(pair => IsEntry(pair.Key, name))
                .SelectMany(pair => pair.Value, (_, text) => text ?? ""),
        ];
    }
}
