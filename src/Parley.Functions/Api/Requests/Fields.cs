using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads the fields of a request, and collects what is wrong with them, so that one answer names every field. Absent and null are
/// the same; unknown members are ignored; a member may be spelled in snake_case or camelCase.
/// </summary>
internal sealed partial class Fields
{
    /// <summary>What is said of a time that is none.</summary>
    public const string MustBeTime = "Must be a time in ISO 8601 with its offset, such as 2026-01-31T12:00:00Z, from the year 1601 on.";

    private readonly JsonElement body;
    private readonly FieldErrors errors;
    private readonly string path;

    /// <summary>The fields of a body.</summary>
    /// <param name="body">A JSON object.</param>
    public Fields(JsonElement body)
        : this(body, new FieldErrors(), "")
    {
    }

    private Fields(JsonElement body, FieldErrors errors, string path)
    {
        this.body = body;
        this.errors = errors;
        this.path = path;
    }

    /// <summary>Notes that a field is wrong.</summary>
    public void Fail(string name, string text) => errors.Add(path + name, text);

    /// <summary>
    /// Whether a field is there, be it as null: in a PATCH what is absent stays and null clears (JSON Merge Patch, RFC 7396).
    /// </summary>
    public bool Has(string name) => Spellings(name).Any(spelling => body.TryGetProperty(spelling, out _));

    /// <summary>Whether a field that was read so far is wrong.</summary>
    public bool IsInvalid => errors.Any;

    /// <summary>To be called when all fields are read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> with all of them.</exception>
    public void ThrowIfInvalid() => errors.ThrowIfAny();

    /// <summary>Whether a field is not there, or null.</summary>
    public bool IsAbsent(string name) => Find(name) is null;

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string name, int min, int max)
    {
        if (Find(name) is null)
        {
            Fail(name, "Is required.");
            return "";
        }

        return Text(name, min, max) ?? "";
    }

    /// <summary>A text, measured in UTF-16 code units.</summary>
    public string? Text(string name, int min, int max)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.String)
        {
            Fail(name, "Must be a text.");
            return null;
        }

        if (!TryGetText(element, out var text))
        {
            Fail(name, "Must be valid Unicode without NUL.");
            return null;
        }

        if (text.Length < min || text.Length > max)
        {
            Fail(name, min > 0 ? $"Must have {min} to {max} characters." : $"Must have at most {max} characters.");
            return null;
        }

        return text;
    }

    /// <summary>A truth value.</summary>
    public bool? Boolean(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return element.GetBoolean();
        }

        Fail(name, "Must be true or false.");
        return null;
    }

    /// <summary>A number, with a fraction or without.</summary>
    public double? Number(string name, double min, double max)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number) && double.IsFinite(number) && number >= min && number <= max)
        {
            return number;
        }

        Fail(name, string.Create(CultureInfo.InvariantCulture, $"Must be a number from {min} to {max}."));
        return null;
    }

    /// <summary>One of a few words.</summary>
    public string? Choice(string name, params ReadOnlySpan<string> words)
    {
        var text = Text(name, 0, int.MaxValue);
        if (text is null || words.Contains(text))
        {
            return text;
        }

        Fail(name, $"Must be one of: {string.Join(", ", words)}.");
        return null;
    }

    /// <summary>One of a few words, that must be there.</summary>
    public string RequiredChoice(string name, params ReadOnlySpan<string> words)
    {
        if (Find(name) is null)
        {
            Fail(name, "Is required.");
        }

        return Choice(name, words) ?? words[0];
    }

    /// <summary>One of an enumeration's words.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        return Choice(name, [.. values.Select(EnumNames.Of)]) is { } word ? values.First(value => EnumNames.Of(value) == word) : null;
    }

    /// <summary>An absolute http or https URL, as it was sent.</summary>
    public string? Url(string name, int max)
    {
        var text = Text(name, 1, max);
        if (text is null || (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)))
        {
            return text;
        }

        Fail(name, "Must be an absolute http or https URL.");
        return null;
    }

    /// <summary>The fields of an object that must be there; their errors are those of this body.</summary>
    public Fields RequiredFields(string name)
    {
        var element = Find(name);
        if (element is not { ValueKind: JsonValueKind.Object })
        {
            Fail(name, element is null ? "Is required." : "Must be an object.");
        }

        return new Fields(element is { ValueKind: JsonValueKind.Object } found ? found : JsonElement.Parse("{}"), errors, $"{path}{name}.");
    }

    /// <summary>A list of objects; the fields of each, whose errors are those of this body.</summary>
    public IReadOnlyList<Fields> Objects(string name, int max)
    {
        if (Find(name) is not { } element)
        {
            return [];
        }

        if (element.ValueKind != JsonValueKind.Array || element.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object))
        {
            Fail(name, "Must be a list of objects.");
            return [];
        }

        if (element.GetArrayLength() > max)
        {
            Fail(name, $"Must have at most {max} entries.");
            return [];
        }

        return [.. element.EnumerateArray().Select((item, i) => new Fields(item, errors, $"{path}{name}.{i}."))];
    }

    /// <summary>Whether a field is an empty text: some clients send that for what they do not have.</summary>
    public bool IsEmptyText(string name) => Find(name) is { ValueKind: JsonValueKind.String } element && element.ValueEquals("");

    /// <summary>An id that must be there.</summary>
    public string RequiredId(string name)
    {
        if (Find(name) is null)
        {
            Fail(name, "Is required.");
        }

        return Id(name) ?? "";
    }

    /// <summary>An id that may be an integer, its decimal digits, or a UUID: as text, for the feature to look up.</summary>
    public string? Id(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var number) && number > 0)
        {
            return number.ToString(CultureInfo.InvariantCulture);
        }

        if (element.ValueKind == JsonValueKind.String && TryGetText(element, out var text) && Ids.IsWellFormed(text))
        {
            return text;
        }

        Fail(name, "Must be an id: a positive integer or a UUID.");
        return null;
    }

    /// <summary>An id of the client's own: any text, or a number.</summary>
    public string? OwnId(string name, int max) => Find(name) is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : Text(name, 1, max);

    /// <summary>A UUID.</summary>
    public Guid? Uuid(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String && TryGetText(element, out var text) && Ids.TryParseUuid(text, out var uuid))
        {
            return uuid;
        }

        Fail(name, "Must be a UUID.");
        return null;
    }

    /// <summary>A time with its offset from UTC.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (ReadTime(element) is { } time)
        {
            return time;
        }

        Fail(name, MustBeTime);
        return null;
    }

    /// <summary>A time with its offset from UTC; null for what is none.</summary>
    public static DateTimeOffset? ReadTime(JsonElement element) =>
        element.ValueKind == JsonValueKind.String && element.TryGetDateTimeOffset(out var time)
        && element.TryGetDateTime(out var zoned) && zoned.Kind != DateTimeKind.Unspecified && time >= Timestamps.Earliest
            ? time
            : null;

    /// <summary>An object of the client's own, as compact JSON text.</summary>
    public string? Object(string name, int max)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            Fail(name, "Must be an object.");
            return null;
        }

        if (!TryGetCompactJson(element, out var text))
        {
            Fail(name, "Must be valid Unicode without NUL.");
            return null;
        }

        if (text.Length > max)
        {
            Fail(name, $"Must have at most {max} characters of JSON.");
            return null;
        }

        return text;
    }

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
        {
            return [.. element.EnumerateArray().Select(item => TryGetText(item, out var text) ? text : "")];
        }

        Fail(name, "Must be a list of texts.");
        return null;
    }

    /// <summary>
    /// Written anew, so that white space and escapes make no difference. (Characters beyond the BMP are escaped and count twelve:
    /// System.Text.Json has no encoder that leaves them.)
    /// </summary>
    private static bool TryGetCompactJson(JsonElement element, out string text)
    {
        try
        {
            // .NET escapes every character beyond U+FFFF, whatever the encoder.
            text = Escapes().Replace(JsonSerializer.Serialize(element, CamelJson.Default.JsonElement), Unescape);
            return !HasNul(element);
        }
        catch (JsonException)
        {
            // Half a surrogate pair, in a name or a value.
            text = "";
            return false;
        }
    }

    /// <summary>An escaped surrogate pair; or any other escape, so that none is taken from its middle on.</summary>
    [GeneratedRegex(@"\\u(?<high>D[89AB][0-9A-F]{2})\\u(?<low>D[C-F][0-9A-F]{2})|\\.", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Escapes();

    private static string Unescape(Match escape) => escape.Groups["high"].Success
        ? $"{(char)Convert.ToUInt16(escape.Groups["high"].Value, 16)}{(char)Convert.ToUInt16(escape.Groups["low"].Value, 16)}"
        : escape.Value;

    private static bool HasNul(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString()!.Contains('\0'),
        JsonValueKind.Array => element.EnumerateArray().Any(HasNul),
        JsonValueKind.Object => element.EnumerateObject().Any(member => member.Name.Contains('\0') || HasNul(member.Value)),
        _ => false,
    };

    private JsonElement? Find(string name)
    {
        foreach (var spelling in Spellings(name))
        {
            if (body.TryGetProperty(spelling, out var element) && element.ValueKind != JsonValueKind.Null)
            {
                return element;
            }
        }

        return null;
    }

    private static string[] Spellings(string name) => [name, JsonNamingPolicy.SnakeCaseLower.ConvertName(name), ToCamel(name)];

    private static string ToCamel(string snake) =>
        string.Concat(snake.Split('_').Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>False for half a surrogate pair (the reader refuses to decode it) and for NUL, which tables and spreadsheets do not keep.</summary>
    private static bool TryGetText(JsonElement element, out string text)
    {
        try
        {
            text = element.GetString()!;
            return !text.Contains('\0');
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }
}
