using System.Globalization;
using Microsoft.AspNetCore.Http;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads query parameters and collects their errors, like <see cref="Fields"/> for bodies. An empty value counts as
/// absent. Of a repeated parameter the last value counts, except for lists.
/// </summary>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly FieldErrors errors = new();

    public int Number(string name, int standard, int min, int max)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return standard;
        }

        if (text.All(char.IsAsciiDigit)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= min
            && number <= max)
        {
            return number;
        }

        errors.Add(name, $"Must be a whole number from {min} to {max}.");
        return standard;
    }

    /// <summary>Reads one of the words; the first is the default.</summary>
    public string Choice(string name, params ReadOnlySpan<string> words)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return words[0];
        }

        if (words.Contains(text))
        {
            return text;
        }

        errors.Add(name, $"Must be one of: {string.Join(", ", words)}.");
        return words[0];
    }

    public string? Text(string name, int max)
    {
        var text = Last(name);
        if (text.Contains('\0'))
        {
            errors.Add(name, "Must not contain NUL.");
        }
        else if (text.Length > max)
        {
            errors.Add(name, $"Must have at most {max} characters.");
        }

        return text.Length == 0 ? null : text;
    }

    /// <summary>Reads a cursor without validating it; the list does that.</summary>
    public string? Cursor() => Last("cursor") is { Length: > 0 } cursor ? cursor : null;

    public string? Id(string name)
    {
        var text = Last(name);
        if (text.Length == 0 || Ids.IsWellFormed(text))
        {
            return text.Length == 0 ? null : text;
        }

        errors.Add(name, "Must be an id: a positive integer or a UUID.");
        return null;
    }

    public string RequiredId(string name)
    {
        if (Last(name).Length == 0)
        {
            errors.Add(name, "Is required.");
        }

        return Id(name) ?? "";
    }

    public Guid? Uuid(string name)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return null;
        }

        if (Ids.TryParseUuid(text, out var uuid))
        {
            return uuid;
        }

        errors.Add(name, "Must be a UUID.");
        return null;
    }

    /// <summary>Reads a time; its offset from UTC is required.</summary>
    public DateTimeOffset? Time(string name)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return null;
        }

        if (Fields.ReadQueryTime(text) is { } time)
        {
            return time;
        }

        errors.Add(name, Fields.MustBeTime);
        return null;
    }

    /// <summary>Reads a list of ids: <c>a=1&amp;a=2</c> or <c>a[]=1</c>, also mixed.</summary>
    public IReadOnlyList<string> IdList(string name, int max)
    {
        var ids = All(name);
        if (ids.Count > max)
        {
            errors.Add(name, $"Must have at most {max} entries.");
        }
        else if (ids.Any(id => !Ids.IsWellFormed(id)))
        {
            errors.Add(name, "Must be ids: positive integers or UUIDs.");
        }

        return ids;
    }

    public IReadOnlySet<string> Choices(string name, params string[] words)
    {
        var found = All(name).ToHashSet(StringComparer.Ordinal);
        if (!found.IsSubsetOf(words))
        {
            errors.Add(name, $"Must be among: {string.Join(", ", words)}.");
        }

        return found;
    }

    /// <summary>Reads values of an enumeration by their names in <see cref="EnumNames"/>.</summary>
    public IReadOnlySet<T> Choices<T>(string name)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(EnumNames.Of);
        return Choices(name, [.. words.Keys]).Where(words.ContainsKey).Select(word => words[word]).ToHashSet();
    }

    public void Fail(string name, string text) => errors.Add(name, text);

    /// <summary>Call this after all parameters are read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> with all errors.</exception>
    public void ThrowIfInvalid() => errors.ThrowIfAny();

    private List<string> All(string name) =>
        [.. query[name].Concat(query[name + "[]"]).OfType<string>().Where(text => text.Length > 0)];

    private string Last(string name) => query[name] is [.., { } last] ? last : "";
}
