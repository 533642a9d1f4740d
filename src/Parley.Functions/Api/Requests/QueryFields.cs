using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads query parameters like <see cref="Fields"/> reads bodies; an empty value is the default.</summary>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly FieldErrors errors = new();

    /// <summary>A whole number.</summary>
    public int Number(string name, int standard, int min, int max)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return standard;
        }

        if (text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        errors.Add(name, $"Must be a whole number from {min} to {max}.");
        return standard;
    }

    /// <summary>One of a few words; the first is the default.</summary>
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

    /// <summary>A text; null when absent.</summary>
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

    /// <summary>A cursor; null when absent. Whether it is valid is for the list to say.</summary>
    public string? Cursor() => Last("cursor") is { Length: > 0 } cursor ? cursor : null;

    /// <summary>An id, as text; null when absent.</summary>
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

    /// <summary>An id that must be there.</summary>
    public string RequiredId(string name)
    {
        if (Last(name).Length == 0)
        {
            errors.Add(name, "Is required.");
        }

        return Id(name) ?? "";
    }

    /// <summary>A UUID; null when absent.</summary>
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

    /// <summary>A time with its offset from UTC, as in bodies; null when absent.</summary>
    public DateTimeOffset? Time(string name)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return null;
        }

        // A plus sign that was not escaped has become a space, which no time has.
        if (Fields.ReadTime(JsonElement.Parse($"\"{JsonEncodedText.Encode(text.Replace(' ', '+'))}\"")) is { } time)
        {
            return time;
        }

        errors.Add(name, Fields.MustBeTime);
        return null;
    }

    /// <summary>A list of ids: <c>a=1&amp;a=2</c>, <c>a[]=1</c> or a single value, also mixed.</summary>
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

    /// <summary>A list of some of a few words.</summary>
    public IReadOnlySet<string> Choices(string name, params string[] words)
    {
        var found = All(name).ToHashSet(StringComparer.Ordinal);
        if (!found.IsSubsetOf(words))
        {
            errors.Add(name, $"Must be among: {string.Join(", ", words)}.");
        }

        return found;
    }

    /// <summary>A list of some of an enumeration's words.</summary>
    public IReadOnlySet<T> Choices<T>(string name)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(EnumNames.Of);
        return Choices(name, [.. words.Keys]).Where(words.ContainsKey).Select(word => words[word]).ToHashSet();
    }

    /// <summary>Notes that a parameter is wrong.</summary>
    public void Fail(string name, string text) => errors.Add(name, text);

    /// <summary>To be called when all parameters are read.</summary>
    public void ThrowIfInvalid() => errors.ThrowIfAny();

    private List<string> All(string name) =>
        [.. query[name].Concat(query[name + "[]"]).OfType<string>().Where(text => text.Length > 0)];

    private string Last(string name) => query[name] is [.., { } last] ? last : "";
}
