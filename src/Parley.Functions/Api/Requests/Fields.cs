using System.Runtime.InteropServices;
using System.Text.Json;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Reads the fields of a JSON body and collects their errors, so that one response lists every invalid field. A null
/// field counts as absent, except in <see cref="Has"/>. Unknown members are ignored. A member may be spelled in
/// snake_case or camelCase.
/// </summary>
internal sealed partial class Fields
{
    // Far above the longest field. A name may consist of escapes of six bytes.
    private const int MaxNameBytes = 6 * 64;

    // A lookup in the element itself passes all members and decodes names with escapes, once for each field.
    private readonly Dictionary<string, JsonElement> members = new(StringComparer.Ordinal);
    private readonly FieldErrors errors;
    private readonly string path;

    /// <param name="body">A JSON object.</param>
    /// <param name="rules">The rules of reading; null for <see cref="RequestRules.Strict"/>.</param>
    public Fields(JsonElement body, RequestRules? rules = null)
        : this(body, rules ?? RequestRules.Strict, new FieldErrors(), "")
    {
    }

    private Fields(JsonElement body, RequestRules rules, FieldErrors errors, string path)
    {
        Rules = rules;
        this.errors = errors;
        this.path = path;
        foreach (var member in body.EnumerateObject())
        {
            if (JsonMarshal.GetRawUtf8PropertyName(member).Length <= MaxNameBytes)
            {
                members[member.Name] = member.Value;
            }
        }
    }

    /// <summary>The rules of reading.</summary>
    public RequestRules Rules { get; }

    /// <summary>True when a field that was read so far is invalid.</summary>
    public bool IsInvalid => errors.Any;

    public void Fail(string name, string text) => errors.Add(path + name, text);

    /// <summary>Call this after all fields are read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> with all errors.</exception>
    public void ThrowIfInvalid() => errors.ThrowIfAny();

    /// <summary>
    /// True when the body contains the field, even as null. In a PATCH an absent field keeps its value and null clears
    /// it (JSON Merge Patch, RFC 7396).
    /// </summary>
    public bool Has(string name) => Spellings(name).Any(members.ContainsKey);

    /// <summary>True when the body contains the field as null, and in no other spelling with a value.</summary>
    public bool IsNull(string name) => Has(name) && Find(name) is null;

    /// <summary>True when the field is missing or null.</summary>
    public bool IsAbsent(string name) => Find(name) is null;

    private JsonElement? Find(string name)
    {
        foreach (var spelling in Spellings(name))
        {
            if (members.TryGetValue(spelling, out var element) && element.ValueKind != JsonValueKind.Null)
            {
                return element;
            }
        }

        return null;
    }

    private static string[] Spellings(string name) =>
        [name, JsonNamingPolicy.SnakeCaseLower.ConvertName(name), ToCamel(name)];

    private static string ToCamel(string snake) => string.Concat(snake.Split('_').Select(
        (word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
