using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.Tenants;

namespace Parley.Testing.OpenApi;

/// <summary>A response does not match the OpenAPI document.</summary>
public sealed class ContractException(string message) : Exception(message);

/// <summary>The OpenAPI document of a dialect, and the validation of responses against it.</summary>
public sealed class OpenApiContract
{
    private const int ExcerptLength = 600;

    /// <summary>Headers of the transport and of every response, which operations do not document.</summary>
    private static readonly string[] CommonHeaders =
    [
        "Date", "Server", "Transfer-Encoding", "Content-Length", "Content-Type", "Cache-Control", "X-Content-Type-Options",
        "Vary", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
    ];

    /// <summary>
    /// Headers of every response to a valid key when limits are set, which operations do not document: their names among
    /// the document's components.
    /// </summary>
    private static readonly (string Header, string Component)[] QuotaHeaders =
        [("RateLimit-Policy", "RateLimitPolicy"), ("RateLimit", "RateLimit")];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly List<(string[] Template, JsonObject Path)> paths;

    private readonly string file;

    /// <summary>The document of Parley's own dialect.</summary>
    public static OpenApiContract Document => DialectDocuments.Of(Dialect.Parley);

    /// <summary>Reads a document that was parsed as JSON.</summary>
    /// <param name="root">The document.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="twins">
    /// Further paths, which need not be in the document, each with the path of the document whose answers it has.
    /// </param>
    public OpenApiContract(JsonNode root, string file, IReadOnlyList<(string Path, string Original)> twins)
    {
        Root = root;
        this.file = file;
        Schemas = new SchemaValidator(root);
        Twins = [.. twins.Select(twin => twin.Path)];

        // If two templates match, the one with a literal segment at the first difference is tried first.
        var documented = root["paths"]!.AsObject();
        paths = [.. documented.Select(path => (path.Key, Path: path.Value!.AsObject()))
            .Concat(twins.Where(twin => !documented.ContainsKey(twin.Path)).Select(twin => (Key: twin.Path, Path: documented[twin.Original]!.AsObject())))
            .Select(path => (Template: path.Key.Trim('/').Split('/'), path.Path))
            .OrderBy(path => string.Concat(path.Template.Select(segment => segment[0] == '{' ? '1' : '0')), StringComparer.Ordinal)];
    }

    public JsonNode Root { get; }

    public SchemaValidator Schemas { get; }

    /// <summary>The further paths, without a version, that answer like paths of the document.</summary>
    public IReadOnlyList<string> Twins { get; }

    /// <summary>Every operation: its path, its method in upper case, and its object in the document.</summary>
    public IEnumerable<(string Path, string Method, JsonObject Operation)> Operations => OperationsOf(Root);

    /// <summary>Every operation of a document.</summary>
    public static IEnumerable<(string Path, string Method, JsonObject Operation)> OperationsOf(JsonNode root) =>
        from path in root["paths"]!.AsObject()
        from member in path.Value!.AsObject()
        where member.Key is not ("parameters" or "summary" or "description")
        select (path.Key, member.Key.ToUpperInvariant(), member.Value!.AsObject());

    /// <summary>The references anywhere in a node.</summary>
    public static IEnumerable<string> ReferencesIn(JsonNode node) => node switch
    {
        JsonObject when node["$ref"] is JsonValue reference => [reference.GetValue<string>()],
        JsonObject members => members.Select(member => member.Value).OfType<JsonNode>().SelectMany(ReferencesIn),
        JsonArray items => items.OfType<JsonNode>().SelectMany(ReferencesIn),
        _ => [],
    };

    /// <summary>Returns the node that a reference points to.</summary>
    /// <exception cref="KeyNotFoundException">The reference points to no node.</exception>
    public static JsonNode Resolve(JsonNode root, string reference)
    {
        var node = reference.StartsWith("#/", StringComparison.Ordinal) ? root : null;
        foreach (var name in reference[2..].Split('/'))
        {
            node = node?[name.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)];
        }

        return node ?? throw new KeyNotFoundException($"Nothing is at {reference}.");
    }

    /// <summary>Returns the node, or the target of its <c>$ref</c>.</summary>
    public JsonNode Follow(JsonNode node) => node is JsonObject && node["$ref"] is { } reference ? Resolve(Root, reference.GetValue<string>()) : node;

    /// <summary>
    /// The operation that a request calls, as <c>GET /v1/tickets/{id}</c>; null when the document has none.
    /// </summary>
    public string? OperationOf(HttpMethod method, string path) =>
        MatchTemplates(path)
            .Where(match => match.Path.ContainsKey(method.Method.ToLowerInvariant()))
            .Select(match => $"{method.Method} /{string.Join('/', match.Template)}")
            .FirstOrDefault();

    /// <summary>True when an address of the API is in the document, whatever the method.</summary>
    /// <param name="path">The path below the API's address, such as <c>/v1/tickets/1</c>.</param>
    public bool Has(string path) => MatchTemplates(path).Any();

    /// <summary>Validates a response against the document. The body can be read again afterwards.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="api">The address that the document's paths are relative to.</param>
    /// <param name="address">The request's address.</param>
    /// <param name="response">The response.</param>
    /// <exception cref="ContractException">The response does not match; the message lists every deviation.</exception>
    public async Task ValidateAsync(HttpMethod method, Uri api, Uri address, HttpResponseMessage response)
    {
        // The body is read once here. For a response that arrives in parts, this waits for the last part.
        var body = await response.Content.ReadAsByteArrayAsync();
        var path = PathIn(api, address);
        var deviations = Find(method.Method.ToUpperInvariant(), path, response, body).ToList();
        if (deviations.Count > 0)
        {
            var text = await response.Content.ReadAsStringAsync();
            throw new ContractException(
                $"{method} {address.PathAndQuery} answered {(int)response.StatusCode}, which is not what {file} says:\n"
                + string.Concat(deviations.Select(deviation => $"  {(deviation.Place.Length > 0 ? deviation.Place : "the answer")} {deviation.Reason}\n"))
                + (text.Length > ExcerptLength ? text[..ExcerptLength] + "…" : text));
        }
    }

    /// <summary>The path of an address of the API, as the document writes it.</summary>
    public static string PathIn(Uri api, Uri address) => address.AbsolutePath[(api.AbsolutePath.Length - 1)..];

    private IEnumerable<Deviation> Find(string method, string path, HttpResponseMessage response, byte[] body)
    {
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        var matches = Match(path);
        if (matches.Count == 0)
        {
            return status == "404"
                ? FindInResponse(Common("NotFound"), response, body, method == "HEAD")
                : [new Deviation("", "must be a 404: the path is not documented")];
        }

        // HEAD is GET without a body. The document lists neither HEAD nor the responses that belong to every path.
        var isHead = method == "HEAD";
        var name = isHead ? "get" : method.ToLowerInvariant();
        if (method == "OPTIONS" && status == "204")
        {
            return FindInResponse(Common("Preflight"), response, body, isHead);
        }

        if (matches.Select(match => match[name]).FirstOrDefault(found => found is not null) is not { } operation)
        {
            return status == "405"
                ? [.. FindInResponse(Common("MethodNotAllowed"), response, body, isHead), .. FindInAllow(matches, response)]
                : [new Deviation("", "must be a 405: the method is not documented")];
        }

        var documented = operation["responses"]![status] is { } listed ? Follow(listed)
            : name == "get" && status == "304" ? Common("NotModified")
            : null;
        return documented is not null
            ? FindInResponse(documented, response, body, isHead)
            : [new Deviation("", $"has a status that is not documented; these are: {string.Join(", ", operation["responses"]!.AsObject().Select(known => known.Key))}")];
    }

    private JsonNode Common(string response) => Root["components"]!["responses"]![response]!;

    /// <summary>The path items that match an address, the most literal one first.</summary>
    private List<JsonObject> Match(string path) => [.. MatchTemplates(path).Select(match => match.Path)];

    private IEnumerable<(string[] Template, JsonObject Path)> MatchTemplates(string path)
    {
        // One trailing slash is ignored.
        var segments = (path.EndsWith('/') ? path[..^1] : path).TrimStart('/').Split('/');
        return from known in paths
               where known.Template.Length == segments.Length
               where known.Template.Zip(segments).All(pair =>
                   pair.First[0] == '{' ? pair.Second.Length > 0 : pair.First.Equals(pair.Second, StringComparison.OrdinalIgnoreCase))
               select known;
    }

    private static IEnumerable<Deviation> FindInAllow(List<JsonObject> matches, HttpResponseMessage response)
    {
        var expected = matches.SelectMany(match => match.Select(member => member.Key)).Where(name => name != "parameters").Select(name => name.ToUpperInvariant()).SelectMany(name => name == "GET" ? [name, "HEAD"] : new[] { name }).Distinct().Order(StringComparer.Ordinal).ToList();
        if (!expected.SequenceEqual(response.Content.Headers.Allow.Order(StringComparer.Ordinal)))
        {
            yield return new Deviation("Allow:", $"must be {string.Join(", ", expected)}");
        }
    }

    /// <param name="documented">The document's response.</param>
    /// <param name="response">The response.</param>
    /// <param name="body">The body.</param>
    /// <param name="isHead">True if the body must be missing, though its headers are there.</param>
    private IEnumerable<Deviation> FindInResponse(JsonNode documented, HttpResponseMessage response, byte[] body, bool isHead)
    {
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        var quotas = response.StatusCode == HttpStatusCode.Unauthorized ? [] : QuotaHeaders.Select(one => (one.Header, Root["components"]?["headers"]?[one.Component]));
        var known = documented["headers"]?.AsObject().ToDictionary(header => header.Key, header => Follow(header.Value!), StringComparer.OrdinalIgnoreCase) ?? new Dictionary<string, JsonNode>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, component) in quotas)
        {
            if (component is not null)
            {
                known.TryAdd(name, component);
            }
        }

        return [.. FindInHeaders(known, headers), .. FindInBody(documented, response.Content.Headers.ContentType?.MediaType, body, isHead)];
    }

    private IEnumerable<Deviation> FindInHeaders(Dictionary<string, JsonNode> known, Dictionary<string, string> headers)
    {
        foreach (var name in headers.Keys.Except(CommonHeaders, StringComparer.OrdinalIgnoreCase).Where(name => !known.ContainsKey(name)))
        {
            yield return new Deviation($"{name}:", "is a header that is not documented");
        }

        foreach (var (name, header) in known)
        {
            if (headers.TryGetValue(name, out var text))
            {
                var schema = header["schema"]!;
                var value = schema["type"]?.GetValue<string>() == "integer" && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? JsonSerializer.SerializeToElement(number)
                    : JsonSerializer.SerializeToElement(text);
                foreach (var deviation in Schemas.Validate(schema, value))
                {
                    yield return new Deviation($"{name}:", deviation.Reason);
                }
            }
            else if (header["required"]?.GetValue<bool>() == true)
            {
                yield return new Deviation($"{name}:", "is missing");
            }
        }
    }

    private IReadOnlyList<Deviation> FindInBody(JsonNode documented, string? type, byte[] body, bool isHead)
    {
        if (isHead && body.Length > 0)
        {
            return [new Deviation("", "must have no body: the method is HEAD")];
        }

        if (documented["content"]?.AsObject() is not { } content)
        {
            return body.Length == 0 ? [] : [new Deviation("", "must have no body")];
        }

        if (type is null || content[type] is not { } media)
        {
            return [new Deviation("Content-Type:", $"must be {string.Join(" or ", content.Select(known => known.Key))}, not {type ?? "missing"}")];
        }

        if (isHead)
        {
            return [];
        }

        if (!type.EndsWith("json", StringComparison.Ordinal))
        {
            // The body is a file. Its schema describes a text with one character for each byte.
            return Schemas.Validate(media["schema"]!, JsonSerializer.SerializeToElement(Encoding.Latin1.GetString(body)));
        }

        try
        {
            using var json = JsonDocument.Parse(body, Strict);
            return Schemas.Validate(media["schema"]!, json.RootElement);
        }
        catch (JsonException e)
        {
            return [new Deviation("", $"is not readable JSON: {e.Message}")];
        }
    }
}
