using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Parley.Testing.OpenApi;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>
/// Sends requests that are laborious to read to every operation of docs/openapi.yaml, which a test holds equal to the
/// app's routes. None may allocate or take more than five times what a plain one of the same size does: otherwise a few
/// clients could keep an instance busy.
/// No other test of the process runs beside them: it would take processor time from one measure and not from another.
/// </summary>
[Collection(nameof(WorstRequestTests))]
[CollectionDefinition(nameof(WorstRequestTests), DisableParallelization = true)]
public sealed class WorstRequestTests(ITestOutputHelper output)
{
    private readonly List<string> failures = [];

    private const int MaxFactor = 5;

    // A server takes request lines of up to 8 KiB, and headers of up to 32 KiB together (Kestrel's defaults).
    private const int MaxQuery = 8_000;
    private const int MaxHeader = 16_000;
    private const int MaxForm = 256 * 1024;

    private static readonly int[] Sizes = [4, 16, 32, 64, 256, 1536, 4096];

    [Fact]
    public async Task Json_bodies()
    {
        var api = await InProcessApi.StartAsync();
        foreach (var (path, method, operation) in OpenApiContract.Document.Operations)
        {
            if (operation["requestBody"]?["content"]?["application/json"]?["schema"] is { } schema)
            {
                var limit = await FindLimitAsync(api, method, path);
                CompareBodies(api, method, path, BodyPlaces.Of(schema), limit);
            }
        }

        AssertNone();
    }

    [Fact]
    public async Task Queries_and_headers()
    {
        var api = await InProcessApi.StartAsync();

        // The audit log takes ten entries of refused calls a minute. Those are written before, since the log bounds them.
        for (var i = 0; i < 10; i++)
        {
            var refused = NewRequest(api, "POST", "/v1/admin/tenants", "{}"u8.ToArray());
            refused.Request.Headers.Authorization = "Bearer wrong";
            await api.Prepare(refused)();
            Assert.Equal(StatusCodes.Status401Unauthorized, refused.Response.StatusCode);
        }

        var isCompared = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, method, operation) in OpenApiContract.Document.Operations)
        {
            var names = (operation["parameters"] as JsonArray ?? [])
                .Select(parameter => OpenApiContract.Document.Follow(parameter!))
                .Where(parameter => $"{parameter["in"]}" == "query")
                .Select(parameter => $"{parameter["name"]}")
                .ToList();
            Compare(
                api,
                $"{method} {path}",
                [() => WithQuery(RequestParts.PlainQuery(MaxQuery))],
                (names.Count > 0 ? RequestParts.Queries(names, MaxQuery) : []).Select(query => (query, (Func<HttpContext>)(() => WithQuery(query)))),
                sizeof(char) * MaxQuery);

            // Headers are read by what operations share: one of each method, kind of body and kind of key.
            var body = string.Join(',', (operation["requestBody"]?["content"] as JsonObject ?? []).Select(one => one.Key));
            if (!isCompared.Add($"{method} {body} {path.StartsWith("/v1/admin/", StringComparison.Ordinal)}"))
            {
                continue;
            }

            Compare(
                api,
                $"{method} {path}",
                [() => WithHeader("X-Other", new string('a', MaxHeader)), () => WithHeader("Idempotency-Key", new string('a', MaxHeader))],
                RequestParts.Headers(MaxHeader).Select(header => (
                    $"{header.Name}: {header.Value}", (Func<HttpContext>)(() => WithHeader(header.Name, header.Value)))),
                sizeof(char) * MaxHeader);

            HttpContext WithQuery(string query)
            {
                var context = NewRequest(api, method, path, "{}"u8.ToArray());
                context.Request.QueryString = new QueryString(query);
                return context;
            }

            HttpContext WithHeader(string name, string value)
            {
                var context = NewRequest(api, method, path, "{}"u8.ToArray());
                context.Request.Headers[name] = value;
                return context;
            }
        }

        AssertNone();
    }

    [Fact]
    public async Task Forms()
    {
        var api = await InProcessApi.StartAsync();
        await api.SendAsync("POST", "/v1/conversations", new { });
        foreach (var (path, method, operation) in OpenApiContract.Document.Operations)
        {
            if (operation["requestBody"]?["content"]?["multipart/form-data"] is not null)
            {
                Compare(
                    api,
                    $"{method} {path}",
                    [() => WithForm(RequestParts.PlainForm("unknown", MaxForm)), () => WithForm(RequestParts.PlainForm("file", MaxForm))],
                    RequestParts.Forms(MaxForm).Select(form => (form.Name, (Func<HttpContext>)(() => WithForm(form.Body)))));
            }

            HttpContext WithForm(byte[] body)
            {
                var context = NewRequest(api, method, path, body);
                context.Request.ContentType = $"multipart/form-data; boundary={RequestParts.Boundary}";
                return context;
            }
        }

        AssertNone();
    }

    private void AssertNone() => Assert.True(failures.Count == 0, string.Join('\n', failures));

    private void CompareBodies(InProcessApi api, string method, string path, IReadOnlyList<BodyPlace> places, int limit)
    {
        var overhead = places.Max(place => place.Before.Length + place.After.Length);
        var size = limit - overhead;
        var (plain, record) = (JsonValues.Plain(size), JsonValues.Record(size));
        Compare(
            api,
            $"{method} {path}",
            [
                .. places.Select(place => Request(place.Body(plain))),
                .. places.Where(place => place.TakesAny).Select(place => Request(place.Body(record))),
            ],
            JsonValues.Scalars.SelectMany(value => Requests(value, places))
                .Concat(JsonValues.Structures.SelectMany(value => Requests(value, places.Where(place => place.TakesAny)))));

        IEnumerable<(string Name, Func<HttpContext> Create)> Requests(
            (string Name, Func<int, string> Create) value, IEnumerable<BodyPlace> at)
        {
            var text = value.Create(size);
            return at.Select(place => ($"{place.Name}: {value.Name}", Request(place.Body(text))));
        }

        Func<HttpContext> Request(byte[] body) => () => NewRequest(api, method, path, body);
    }

    /// <param name="serverBytes">The bytes that a server allocates for the text of the request before the call.</param>
    private void Compare(
        InProcessApi api,
        string operation,
        IReadOnlyList<Func<HttpContext>> plain,
        IEnumerable<(string Name, Func<HttpContext> Create)> requests,
        int serverBytes = 0)
    {
        var measured = plain.Select(create => CallEffort.Best(api, create)).Aggregate(CallEffort.Max);
        var usual = measured with { Bytes = measured.Bytes + serverBytes };
        foreach (var (name, create) in requests)
        {
            var worst = CallEffort.Best(api, create, MaxFactor * usual);
            if (!worst.IsWithin(MaxFactor * usual))
            {
                failures.Add($"{operation}: {(name.Length > 80 ? name[..80] : name)} takes {worst.Compare(usual)} of a plain one.");
            }
        }

        output.WriteLine($"{operation}: a plain one takes {usual.Bytes / 1024} KiB and {usual.Nanoseconds / 1000} µs.");
    }

    /// <summary>The largest of the sizes that the operation takes, in bytes.</summary>
    private static async Task<int> FindLimitAsync(InProcessApi api, string method, string path)
    {
        var limit = 0;
        foreach (var size in Sizes.Select(size => size * 1024))
        {
            var body = $"{{\"unknown\":{JsonValues.Plain(size - 12)}}}";
            var context = NewRequest(api, method, path, Encoding.UTF8.GetBytes(body));
            await api.Prepare(context)();
            if (context.Response.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                return limit;
            }

            limit = size;
        }

        throw new InvalidOperationException($"{method} {path} takes bodies of any size.");
    }

    private static DefaultHttpContext NewRequest(InProcessApi api, string method, string path, byte[] body)
    {
        var segments = path.Split('/').Select(segment => segment.StartsWith('{') ? "1" : segment);
        var context = api.NewRequest(method, string.Join('/', segments));
        if (method is not "GET")
        {
            context.Request.ContentType = "application/json";
            context.Request.ContentLength = body.Length;
            context.Request.Body = new MemoryStream(body);
        }

        return context;
    }
}
