using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Parley.Testing.OpenApi;

/// <summary>A valid request of an operation, made from the example of a document and a tenant's own ids.</summary>
/// <param name="Contract">The document.</param>
/// <param name="Path">The path, as the document has it.</param>
/// <param name="Method">In upper case.</param>
/// <param name="Operation">The operation's object in the document.</param>
public sealed record DocumentedRequest(OpenApiContract Contract, string Path, string Method, JsonObject Operation)
{
    /// <summary>The same in all requests, because a repeated request must be equal.</summary>
    private static readonly DateTimeOffset DueDate = TimeProvider.System.GetUtcNow().AddHours(1);

    /// <summary>Those of Parley's document.</summary>
    public static IReadOnlyList<DocumentedRequest> All { get; } = Of(OpenApiContract.Document);

    /// <summary>A request of each operation of a document.</summary>
    public static IReadOnlyList<DocumentedRequest> Of(OpenApiContract contract) =>
        [.. contract.Operations.Select(one => new DocumentedRequest(contract, one.Path, one.Method, one.Operation))];

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

    public IReadOnlyList<IdPlace> Places { get; } = IdPlace.Of(Contract, Path, Operation);

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
        var values = Fill(one => one == place ? id! : idOf(one.Kind), place);
        var path = values.Path.Aggregate(Path, (path, one) => path.Replace($"{{{one.Key}}}", $"{one.Value}", StringComparison.Ordinal));
        string[] parameters = [query, .. values.Query.Select(one => $"{one.Key}={one.Value}")];
        return new HttpRequestMessage(new HttpMethod(Method), $"{path[1..]}?{string.Join('&', parameters)}".TrimEnd('?', '&'))
        {
            Content = CreateContent(values),
        };
    }

    /// <summary>The values of a valid request: all ids of the path, what the query requires, and the example as body.</summary>
    /// <param name="idOf">Returns the id that fills a place.</param>
    /// <param name="place">A place that is filled though the request may leave it out; null for none.</param>
    public RequestValues Fill(Func<IdPlace, JsonNode> idOf, IdPlace? place = null)
    {
        var values = new RequestValues([], [], null, null);
        foreach (var one in Places)
        {
            if (one.In == "path")
            {
                values.Path[one.Name] = idOf(one);
            }
            else if (one.In == "query" && (one == place || IsRequired(one.Name)))
            {
                values.Query[one.Name] = idOf(one);
            }
        }

        return Operation["requestBody"] is { } body ? FillBody(values, Contract.Follow(body), idOf, place) : values;
    }

    /// <summary>The parameters of the operation, as the document has them.</summary>
    public IEnumerable<JsonNode> Documented =>
        (Contract.Root["paths"]![Path]!["parameters"]?.AsArray() ?? [])
            .Concat(Operation["parameters"]?.AsArray() ?? [])
            .Select(one => Contract.Follow(one!));

    private bool IsRequired(string name) =>
        Documented.First(one => one["name"]!.GetValue<string>() == name)["required"]?.GetValue<bool>() is true;

    private RequestValues FillBody(RequestValues values, JsonNode documented, Func<IdPlace, JsonNode> idOf, IdPlace? place)
    {
        var (type, media) = documented["content"]!.AsObject().First();
        var body = media!["example"]!.DeepClone().AsObject();
        foreach (var one in Places.Where(one => one.In == "body"))
        {
            var names = one.Name.Split('.');
            var parent = names[..^1].Aggregate(body, (node, name) => node[name]!.AsObject());
            if (one == place || parent.ContainsKey(names[^1]))
            {
                parent[names[^1]] = idOf(one);
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

        return values with { MediaType = type, Body = body };
    }

    private static HttpContent? CreateContent(RequestValues values)
    {
        if (values.Body is not { } body)
        {
            return null;
        }

        if (values.MediaType != "multipart/form-data")
        {
            return new StringContent(body.ToJsonString(), Encoding.UTF8, values.MediaType!);
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

/// <summary>The values of a request.</summary>
/// <param name="Path">The parameters in the path.</param>
/// <param name="Query">The parameters in the query.</param>
/// <param name="MediaType">Of the body; null when there is none.</param>
/// <param name="Body">The members of the body; null when there is none.</param>
public sealed record RequestValues(JsonObject Path, JsonObject Query, string? MediaType, JsonObject? Body);
