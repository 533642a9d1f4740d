using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Http;

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

        errors.Add(name, max == int.MaxValue ? $"Must be a whole number from {min}." : $"Must be a whole number from {min} to {max}.");
        return standard;
    }

    /// <summary>One of a few words; the first is the default.</summary>
    public string Word(string name, params ReadOnlySpan<string> words)
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

    /// <summary>To be called when all parameters are read.</summary>
    public void ThrowIfInvalid() => errors.ThrowIfAny();

    private string Last(string name) => query[name] is [.., { } last] ? last : "";
}
