using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Dialects;

/// <summary>
/// Problems for clients of a server with Django REST framework: invalid fields are a 400 with the texts of each field
/// (its "Exceptions", "Error responses"), and cursors that a list did not return are a 404 (its pagination.py).
/// Other problems keep their members, of which <c>detail</c> is the framework's.
/// </summary>
internal static class DjangoProblems
{
    private const string Json = "application/json";

    public static ProblemBody Create(ParleyException failure, Problem problem)
    {
        if (failure.FieldErrors is { } errors)
        {
            return new ProblemBody(StatusCodes.Status400BadRequest, Json, Serialize(Nest(errors)));
        }

        var status = failure.Code == ErrorCode.InvalidCursor ? StatusCodes.Status404NotFound : problem.Status;
        return new ProblemBody(
            status,
            Json,
            JsonSerializer.SerializeToUtf8Bytes(problem with { Status = status }, CommonJson.Default.Problem));
    }

    /// <summary>
    /// Returns the errors in the nesting of the request. The entries of a list are those of its objects, empty for
    /// valid ones. A field with an error of its own has none of the fields within it.
    /// </summary>
    private static JsonObject Nest(IReadOnlyDictionary<string, IReadOnlyList<string>> errors)
    {
        var root = new JsonObject();
        foreach (var (path, texts) in errors.OrderBy(error => error.Key, StringComparer.Ordinal))
        {
            Add(root, path.Split('.'), new JsonArray([.. texts.Select(text => JsonValue.Create(text))]));
        }

        return root;
    }

    private static void Add(JsonObject parent, ReadOnlySpan<string> path, JsonArray texts)
    {
        var name = path[0];
        if (path.Length == 1)
        {
            parent.TryAdd(name, texts);
            return;
        }

        if (path.Length > 2 && int.TryParse(path[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            parent.TryAdd(name, new JsonArray());
            if (parent[name] is JsonArray list && list.All(item => item is JsonObject))
            {
                while (list.Count <= index)
                {
                    list.Add((JsonNode)new JsonObject());
                }

                Add(list[index]!.AsObject(), path[2..], texts);
            }

            return;
        }

        parent.TryAdd(name, new JsonObject());
        if (parent[name] is JsonObject inner)
        {
            Add(inner, path[1..], texts);
        }
    }

    private static byte[] Serialize(JsonObject body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = CommonJson.Default.Options.Encoder }))
        {
            body.WriteTo(writer);
        }

        return buffer.ToArray();
    }
}
