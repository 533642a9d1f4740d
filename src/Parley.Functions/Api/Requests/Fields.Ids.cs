using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Fields that are ids.</summary>
internal sealed partial class Fields
{
    public string RequiredId(string name)
    {
        if (Find(name) is null)
        {
            Fail(name, "Is required.");
        }

        return Id(name) ?? "";
    }

    /// <summary>
    /// Reads an id: a positive integer, its decimal digits, or a UUID. The feature resolves the returned text.
    /// </summary>
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

    public Guid? Uuid(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String
            && TryGetText(element, out var text)
            && Ids.TryParseUuid(text, out var uuid))
        {
            return uuid;
        }

        Fail(name, "Must be a UUID.");
        return null;
    }

    /// <summary>Reads a list of UUIDs. One that is listed twice counts once.</summary>
    public IReadOnlyList<Guid>? Uuids(string name, int max)
    {
        if (Texts(name) is not { } texts)
        {
            return null;
        }

        if (texts.Count > max)
        {
            Fail(name, $"Must have at most {max} entries.");
        }
        else if (!texts.All(text => Ids.TryParseUuid(text, out _)))
        {
            Fail(name, "Must be a list of UUIDs.");
        }
        else
        {
            return [.. texts.Select(text => Guid.ParseExact(text, "D")).Distinct()];
        }

        return null;
    }

    /// <summary>Reads an id that the client assigns: any text, or a number.</summary>
    public string? OwnId(string name, int max)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Number } number)
        {
            return Text(name, 1, max);
        }

        if (JsonMarshal.GetRawUtf8Value(number).Length <= max)
        {
            return number.GetRawText();
        }

        Fail(name, $"Must have 1 to {max} characters.");
        return null;
    }
}
