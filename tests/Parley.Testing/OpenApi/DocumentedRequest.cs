using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Parley.Testing.OpenApi;

/// <summary>A valid request of an operation, made from the example of docs/openapi.yaml and a tenant's own ids.</summary>
/// <param name="Path">The path, as the document has it.</param>
/// <param name="Method">In upper case.</param>
/// <param name="Operation">The operation's object in the document.</param>
public sealed record DocumentedRequest(string Path, string Method, JsonObject Operation)
{
    /// <summary>The same in all requests, because a repeated request must be equal.</summary>
    private static readonly DateTimeOffset DueDate = TimeProvider.System.GetUtcNow().AddHours(1);

    public static IReadOnlyList<DocumentedRequest> All { get; } =
        [.. OpenApiContract.Document.Operations.Select(one => new DocumentedRequest(one.Path, one.Method, one.Operation))];

    public bool IsAdministration => Path.StartsWith("/v1/admin/", StringComparison.Ordinal);

    /// <summary>The scope that the operation's description names; null when it needs no API key.</summary>
    public string? Scope
    {
        get
        {
            var parts = Operation["description"]?.GetValue<string>().Split("Scope `");
            return parts is [_, .., var last] ? last[..last.IndexOf('`', StringComparison.Ordinal)] : null;
        }
    }

    public IReadOnlyList<IdPlace> Places { get; } = IdPlace.Of(Path, Operation);

    /// <summary>Whether the operation has a parameter of this name, such as <c>cursor</c>.</summary>
    public bool Takes(string parameter) => Documented.Any(one => one["name"]!.GetValue<string>() == parameter);

    /// <summary>The names of all query parameters.</summary>
    public IEnumerable<string> Parameters => Documented
        .Where(one => one["in"]!.GetValue<string>() == "query").Select(one => one["name"]!.GetValue<string>());

    /// <param name="idOf">Returns the id of a kind that fills the other places.</param>
    /// <param name="place">The place that gets another id; null for none.</param>
    /// <param name="id">That id.</param>
    /// <param name="query">Further query parameters, such as <c>limit=1</c>.</param>
    public HttpRequestMessage Create(Func<string, string> idOf, IdPlace? place = null, string? id = null, string query = "")
    {
        var path = Path;
        var parameters = new List<string> { query };
        foreach (var one in Places)
        {
            var value = one == place ? id! : idOf(one.Kind);
            if (one.In == "path")
            {
                path = path.Replace($"{{{one.Name}}}", value, StringComparison.Ordinal);
            }
            else if (one.In == "query" && (one == place || IsRequired(one.Name)))
            {
                parameters.Add($"{one.Name}={value}");
            }
        }

        return new HttpRequestMessage(new HttpMethod(Method), $"{path[1..]}?{string.Join('&', parameters)}".TrimEnd('?', '&'))
        {
            Content = CreateBody(idOf, place, id),
        };
    }

    /// <summary>The parameters of the operation, as the document has them.</summary>
    public IEnumerable<JsonNode> Documented =>
        (OpenApiContract.Document.Root["paths"]![Path]!["parameters"]?.AsArray() ?? [])
            .Concat(Operation["parameters"]?.AsArray() ?? [])
            .Select(one => OpenApiContract.Document.Follow(one!));

    private bool IsRequired(string name) =>
        Documented.First(one => one["name"]!.GetValue<string>() == name)["required"]?.GetValue<bool>() is true;

    private HttpContent? CreateBody(Func<string, string> idOf, IdPlace? place, string? id)
    {
        if (Operation["requestBody"] is not { } documented)
        {
            return null;
        }

        var (type, media) = OpenApiContract.Document.Follow(documented)["content"]!.AsObject().First();
        var body = media!["example"]!.DeepClone().AsObject();
        foreach (var one in Places.Where(one => one.In == "body"))
        {
            var names = one.Name.Split('.');
            var parent = names[..^1].Aggregate(body, (node, name) => node[name]!.AsObject());
            if (one == place || parent.ContainsKey(names[^1]))
            {
                parent[names[^1]] = one == place ? id : idOf(one.Kind);
            }
        }

        if (body.ContainsKey("callbackUrl"))
        {
            // Nobody listens there.
            body["callbackUrl"] = "http://localhost:9/";
        }

        if (body.ContainsKey("dueDate"))
        {
            body["dueDate"] = DueDate;
        }

        if (type != "multipart/form-data")
        {
            return new StringContent(body.ToJsonString(), Encoding.UTF8, type);
        }

        var form = new MultipartFormDataContent();
        foreach (var (name, value) in body)
        {
            if (name == "file")
            {
                form.Add(new ByteArrayContent("text"u8.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("text/plain") } }, name, "a.txt");
            }
            else
            {
                form.Add(new StringContent(value!.ToString()), name);
            }
        }

        return form;
    }
}
