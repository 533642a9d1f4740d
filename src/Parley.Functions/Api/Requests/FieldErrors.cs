using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Collects the validation errors of fields, parameters and headers, so that one response lists all of them.
/// </summary>
internal sealed class FieldErrors
{
    private readonly SortedDictionary<string, IReadOnlyList<string>> errors = new(StringComparer.Ordinal);

    public bool Any => errors.Count > 0;

    public void Add(string name, string text) =>
        errors[name] = errors.TryGetValue(name, out var before) ? [.. before, text] : [text];

    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> with all errors.</exception>
    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new ParleyException(errors);
        }
    }
}
