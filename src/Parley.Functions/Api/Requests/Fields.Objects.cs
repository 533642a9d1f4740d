using System.Text.Json;

namespace Parley.Functions.Api.Requests;

/// <summary>Fields that are objects or lists of objects.</summary>
internal sealed partial class Fields
{
    /// <summary>The fields of a required object. Their errors are collected with those of this body.</summary>
    public Fields RequiredFields(string name)
    {
        var element = Find(name);
        if (element is not { ValueKind: JsonValueKind.Object })
        {
            Fail(name, element is null ? "Is required." : "Must be an object.");
        }

        var fields = element is { ValueKind: JsonValueKind.Object } found ? found : JsonElement.Parse("{}");
        return new Fields(fields, Rules, errors, $"{path}{name}.");
    }

    /// <summary>The fields of each object in a list. Their errors are collected with those of this body.</summary>
    /// <param name="name">The field.</param>
    /// <param name="max">Maximum entries of the list.</param>
    /// <param name="takesIds">True if a text counts as an object with this id.</param>
    public IReadOnlyList<Fields> Objects(string name, int max, bool takesIds = false)
    {
        if (Find(name) is not { } element)
        {
            return [];
        }

        if (element.ValueKind != JsonValueKind.Array
            || element.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object
                && !(takesIds && item.ValueKind == JsonValueKind.String)))
        {
            Fail(name, "Must be a list of objects.");
            return [];
        }

        if (element.GetArrayLength() > max)
        {
            Fail(name, $"Must have at most {max} entries.");
            return [];
        }

        return
        [
            .. element.EnumerateArray().Select((item, i) => new Fields(
                item.ValueKind == JsonValueKind.Object ? item : WithId(item), Rules, errors, $"{path}{name}.{i}.")),
        ];
    }

    private static JsonElement WithId(JsonElement id) => JsonElement.Parse($$"""{"id":{{id.GetRawText()}}}""");

    /// <summary>Reads an object of any content as <see cref="CompactJson"/>.</summary>
    /// <param name="name">The field.</param>
    /// <param name="max">Maximum length of the returned text, in UTF-16 code units.</param>
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

        var result = CompactJson.TryWrite(element, max, out var text);
        if (result != CompactJsonResult.Written)
        {
            Fail(name, result == CompactJsonResult.TooLong
                ? $"Must have at most {max} characters of JSON."
                : "Must be valid Unicode without NUL.");
            return null;
        }

        return text;
    }
}
