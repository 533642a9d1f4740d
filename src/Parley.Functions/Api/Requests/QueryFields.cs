using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads query parameters and collects their errors, like <see cref="Fields"/> for bodies. A parameter that narrows a
/// list must not be empty: a client whose value came out empty would get the whole list. Any other empty value counts
/// as absent. Of a repeated parameter the last value counts, except for lists.
/// </summary>
internal sealed partial class QueryFields
{
    private const string MustNotBeEmpty = "Must not be empty. Leave the parameter out to list all.";

    // Clients may send leading zeros.
    private const int MaxDigits = 32;

    private readonly IQueryCollection query;
    private readonly RequestRules rules;

    // Grouped once, because each of a dozen parameters would otherwise pass all of them.
    private readonly ILookup<string, KeyValuePair<string, StringValues>> byName;
    private readonly FieldErrors errors = new();
    private readonly HashSet<string> lists = [];
    private readonly HashSet<string> singles = [];

    /// <param name="query">The parameters.</param>
    /// <param name="rules">The rules of reading; null for <see cref="RequestRules.Strict"/>.</param>
    public QueryFields(IQueryCollection query, RequestRules? rules = null)
    {
        this.query = query;
        this.rules = rules ?? RequestRules.Strict;
        byName = query.ToLookup(pair => BeforeBracket(pair.Key), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The parameters of a request, read by its rules.</summary>
    public static QueryFields Of(HttpRequest request) => new(request.Query, RequestRules.Of(request));

    public int Number(string name, int standard, int min, int max)
    {
        var text = Last(name);
        if (text.Length == 0)
        {
            return standard;
        }

        if (TryParse(text, out var number) && number >= min && number <= max)
        {
            return number;
        }

        errors.Add(name, $"Must be a whole number from {min} to {max}.");
        return standard;
    }

    /// <summary>True without a value.</summary>
    public bool IsAbsent(string name) => Last(name).Length == 0;

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

    /// <summary>Reads a cursor without validating it; the list does that.</summary>
    public string? Cursor() => Last("cursor") is { Length: > 0 } cursor ? cursor : null;

    /// <summary>Reads a text that narrows the list.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="max">Its maximum length, in code points.</param>
    public string? Text(string name, int max)
    {
        if (Filter(name) is not { } text)
        {
            return null;
        }

        if (text.Contains('\0'))
        {
            errors.Add(name, "Must not contain NUL.");
        }
        else if (!CodePoints.AreWithin(text, 0, max))
        {
            errors.Add(name, $"Must have at most {max} characters.");
        }

        return text;
    }

    /// <summary>
    /// As <see cref="Text"/>, for parameters that may be null: an empty value is how a query writes null.
    /// </summary>
    public string? TextOrNull(string name, int max) => Last(name).Length == 0 ? null : Text(name, max);

    /// <summary>Reads one of the words, or null, which an empty value is.</summary>
    public string? ChoiceOrNull(string name, params ReadOnlySpan<string> words) =>
        Last(name).Length == 0 ? null : Choice(name, words);

    /// <summary>Reads an id that narrows the list.</summary>
    public string? Id(string name)
    {
        var text = Filter(name);
        if (text is null || Ids.IsWellFormed(text))
        {
            return text;
        }

        errors.Add(name, "Must be an id: a positive integer or a UUID.");
        return null;
    }

    public string RequiredId(string name)
    {
        if (Last(name).Length > 0)
        {
            return Id(name) ?? "";
        }

        errors.Add(name, "Is required.");
        return "";
    }

    /// <summary>Reads a UUID that narrows the list.</summary>
    public Guid? Uuid(string name)
    {
        if (Filter(name) is not { } text)
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

    /// <summary>Reads a time that narrows the list; its offset from UTC is required.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Filter(name) is not { } text)
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

    public void Fail(string name, string text) => errors.Add(name, text);

    /// <summary>Call this after all parameters are read: it refuses brackets that no parameter takes.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> with all errors.</exception>
    public void ThrowIfInvalid()
    {
        foreach (var name in singles.Where(name => Sent(name).Any(pair => HasBrackets(pair.Key, name))))
        {
            errors.Add(name, $"Takes one value, without brackets: {name}=….");
        }

        foreach (var name in lists.Where(name => Sent(name).Any(
            pair => HasBrackets(pair.Key, name) && !IsEntry(pair.Key, name))))
        {
            errors.Add(name, $"Is a list: repeat {name}=… or {name}[]=…, or number its entries: {name}[0]=….");
        }

        errors.ThrowIfAny();
    }

    private static bool TryParse(string text, out int number)
    {
        number = 0;
        return text.Length <= MaxDigits
            && text.All(char.IsAsciiDigit)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private string? Filter(string name)
    {
        var text = Last(name);
        if (text.Length == 0 && query.ContainsKey(name))
        {
            errors.Add(name, MustNotBeEmpty);
        }

        return text.Length == 0 ? null : text;
    }

    private string Last(string name)
    {
        singles.Add(name);
        return query[name] is [.., { } last] ? last : "";
    }

    /// <summary>The parameters whose names begin as this one's does, up to a bracket.</summary>
    private IEnumerable<KeyValuePair<string, StringValues>> Sent(string name) => byName[BeforeBracket(name)];

    private static string BeforeBracket(string name)
    {
        var bracket = name.IndexOf('[', StringComparison.Ordinal);
        return bracket < 0 ? name : name[..bracket];
    }

    /// <summary>True for the list's own name, and for the name with <c>[]</c> or a number in brackets.</summary>
    private static bool IsEntry(string key, string name) =>
        key.Equals(name, StringComparison.OrdinalIgnoreCase)
        || (HasBrackets(key, name) && key[^1] == ']' && key.AsSpan(name.Length + 1)[..^1] is var index
            && !index.ContainsAnyExceptInRange('0', '9'));

    private static bool HasBrackets(string key, string name) =>
        key.Length > name.Length && key[name.Length] == '[' && key.StartsWith(name, StringComparison.OrdinalIgnoreCase);
}
