using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Parley.Testing.OpenApi;

namespace Parley.Tests.Compatibility;

/// <summary>A request that succeeded, for repetition.</summary>
internal sealed record SentRequest(HttpMethod Method, string Path, byte[]? Body, string? ContentType);

/// <summary>
/// Records requests and their responses as JSON texts, in the order of sending. JSON bodies are stored as received, so
/// the order of members, spaces and escapes are compared too. Each request is sent one second after the previous one,
/// by the clock of the host.
/// </summary>
internal sealed class RecordedOperations(Uri api, ManualClock clock) : IDisposable
{
    private const int LongestText = 10_000;
    private const int LongestRequest = 1000;
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromSeconds(1);

    // Unescaped, so that quotes and letters beyond ASCII are readable in the file.
    private static readonly JsonSerializerOptions Readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Unrecorded =
        ["Date", "Server", "Transfer-Encoding", "Content-Length", "Authorization", "Host", "Connection"];

    private readonly List<HttpClient> clients = [];
    private readonly List<string> entries = [];
    private readonly StableText stable = new(api);

    /// <summary>The recorded requests: one JSON object each.</summary>
    public IReadOnlyList<string> Entries => entries;

    /// <summary>The first successful request of each operation, by its method and path template.</summary>
    public Dictionary<string, SentRequest> Successes { get; } = [];

    /// <summary>Creates a client whose requests are recorded. It is disposed with this object.</summary>
    /// <param name="caller">The caller's name in the record.</param>
    /// <param name="token">The API key; null for none.</param>
    public HttpClient ClientOf(string caller, string? token)
    {
        var client = new HttpClient(new Handler(this, caller)) { BaseAddress = api };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Add("Authorization", $"Bearer {token}");
        }

        clients.Add(client);
        return client;
    }

    /// <summary>Records a webhook request that a receiver got.</summary>
    public void AddCallback((string Head, byte[] Body) request)
    {
        var lines = request.Head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).Select(parts => (parts[0], parts[1]));
        Add(
            ("callback", Text(lines[0])),
            ("requestHeaders", Headers(headers)),
            ("requestBody", Json(Encoding.UTF8.GetString(request.Body), LongestText)));
    }

    private void PassTime() => clock.Advance(BetweenRequests);

    public void Dispose() => clients.ForEach(client => client.Dispose());

    private void Add(
        string caller, HttpRequestMessage request, byte[]? sent, HttpResponseMessage response, byte[] received)
    {
        var target = request.RequestUri!.PathAndQuery[(api.AbsolutePath.Length - 1)..];
        var operation = OpenApiContract.Document.OperationOf(request.Method, target.Split('?')[0]);
        var contentType = request.Content?.Headers.ContentType?.ToString();
        if (operation is not null && response.IsSuccessStatusCode)
        {
            Successes.TryAdd(operation, new SentRequest(request.Method, target[1..], sent, contentType));
        }

        var requestHeaders = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []);
        var responseHeaders = response.Headers.Concat(response.Content.Headers);
        Add(
            ("request", Text($"{request.Method} {target}")),
            ("operation", operation is null ? "null" : Text(operation)),
            ("caller", Text(caller)),
            ("requestHeaders", Headers(requestHeaders.Select(Joined))),
            ("requestBody", sent is null ? "null" : Json(Encoding.UTF8.GetString(sent), LongestRequest)),
            ("status", $"{(int)response.StatusCode}"),
            ("headers", Headers(responseHeaders.Select(Joined))),
            ("body", Body(response.Content.Headers.ContentType?.MediaType, received)));
    }

    private void Add(params (string Name, string Json)[] members) =>
        entries.Add("{\n" + string.Join(",\n", members.Select(member => $"\"{member.Name}\": {member.Json}")) + "\n}");

    private string Headers(IEnumerable<(string Name, string Value)> headers) =>
        "{" + string.Join(", ", headers
            .Where(header => !Unrecorded.Contains(header.Name, StringComparer.OrdinalIgnoreCase))
            .OrderBy(header => header.Name, StringComparer.Ordinal)
            .Select(header => $"\"{header.Name}\": {Text(header.Value)}")) + "}";

    private string Body(string? type, byte[] body) =>
        type is "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" ? Workbook(body)
        : body.Length == 0 ? "null"
        : type?.EndsWith("json", StringComparison.Ordinal) == true ? Json(Encoding.UTF8.GetString(body), LongestText)
        : Text(Encoding.UTF8.GetString(body));

    /// <summary>The parts of a workbook, without their compression.</summary>
    private string Workbook(byte[] body)
    {
        using var zip = new ZipArchive(new MemoryStream(body), ZipArchiveMode.Read);
        var parts = zip.Entries.Select(entry => $"\"{entry.FullName}\": {Text(ReadAll(entry))}");
        return "{" + string.Join(", ", parts) + "}";
    }

    /// <summary>Returns a JSON text unchanged, and any other text as a JSON string.</summary>
    private string Json(string text, int longest)
    {
        try
        {
            JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return Text(text, longest);
        }

        text = stable.Of(text);
        return text.Length <= longest ? text : Quoted(StableText.Digest(text));
    }

    private string Text(string text, int longest = LongestText)
    {
        text = stable.Of(text);
        return Quoted(text.Length <= longest ? text : StableText.Digest(text));
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);

    private static (string Name, string Value) Joined(KeyValuePair<string, IEnumerable<string>> header) =>
        (header.Key, string.Join(", ", header.Value));

    private static string ReadAll(ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(entry.Open());
        return reader.ReadToEnd();
    }

    private sealed class Handler(RecordedOperations recorded, string caller)
        : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            recorded.PassTime();
            var sent = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken);
            var response = await base.SendAsync(request, cancellationToken);
            var received = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            recorded.Add(caller, request, sent, response, received);
            return response;
        }
    }
}
