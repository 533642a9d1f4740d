using System.Text.Json.Nodes;

namespace Parley.EndToEnd.Tests.OpenApi.Generated;

/// <summary>One successful call of a documented operation, for a generated client.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Access">Whose credential it needs: key, administrator or none.</param>
/// <param name="Method">In upper case.</param>
/// <param name="Path">The path, as the document has it.</param>
/// <param name="Params">The parameters by their place (path or query) and name.</param>
/// <param name="MediaType">Of the body; null when there is none.</param>
/// <param name="Body">The members of the body; null when there is none.</param>
/// <param name="Answers">The media types of successful answers.</param>
internal sealed record DocumentedCall(
    string Id,
    string Access,
    string Method,
    string Path,
    IReadOnlyDictionary<string, JsonObject> Params,
    string? MediaType,
    JsonObject? Body,
    IReadOnlyList<string> Answers);
