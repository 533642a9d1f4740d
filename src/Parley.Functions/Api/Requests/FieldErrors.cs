using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>What is wrong with a request's fields, parameters and headers, so that one answer names all of them.</summary>
internal sealed class FieldErrors
{
    private readonly SortedDictionary<string, IReadOnlyList<string>> errors = new(StringComparer.Ordinal);

    /// <summary>Notes that one is wrong.</summary>
    public void Add(string name, string text) => errors[name] = errors.TryGetValue(name, out var before) ? [.. before, text] : [text];

    /// <summary>Whether one is.</summary>
    public bool Any => errors.Count > 0;

    /// <summary>To be called when all are read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> with all of them.</exception>
    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new ParleyException(errors);
        }
    }
}
