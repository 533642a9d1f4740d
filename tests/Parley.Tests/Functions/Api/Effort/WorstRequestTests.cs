using System.Diagnostics;
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
/// </summary>
public sealed class WorstRequestTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Explore()
    {
        var api = await InProcessApi.StartAsync();
        foreach (var (path, method, operation) in OpenApiContract.Document.Operations)
        {
            if (operation["requestBody"]?["content"]?["application/json"]?["schema"] is not { } schema)
            {
                continue;
            }

            var call = $"{method} {path}";
            var limit = 0;
            foreach (var size in new[] { 4, 16, 32, 64, 256, 1536, 2048 })
            {
                var context = await SendAsync(api, method, path, $"{{\"unknown\":{JsonValues.Plain(size * 1024 - 16)}}}");
                if (context.Response.StatusCode == 413)
                {
                    break;
                }

                limit = size;
            }

            limit = Math.Min(limit, int.Parse(Environment.GetEnvironmentVariable("PARLEY_EXPLORE") ?? "64", System.Globalization.CultureInfo.InvariantCulture));
            var places = BodyPlaces.Of(schema).ToList();
            var plain = (Bytes: 0L, Ticks: 0L);
            foreach (var place in places)
            {
                var text = place.Before + JsonValues.Plain(limit * 1024 - place.Before.Length - place.After.Length) + place.After;
                var best = (Bytes: long.MaxValue, Ticks: long.MaxValue);
                for (var i = 0; i < 3; i++)
                {
                    var one = Measure(api, method, path, text);
                    best = (Math.Min(best.Bytes, one.Bytes), Math.Min(best.Ticks, one.Ticks));
                }

                plain = (Math.Max(plain.Bytes, best.Bytes), Math.Max(plain.Ticks, best.Ticks));
            }

            output.WriteLine($"{call} limit {limit} KB places {places.Count} plain {plain.Bytes / 1024} KB {plain.Ticks / 1000} us");
            foreach (var place in places)
            {
                foreach (var (name, create) in JsonValues.All)
                {
                    var text = place.Before + create(limit * 1024 - place.Before.Length - place.After.Length) + place.After;
                    var best = (Bytes: long.MaxValue, Ticks: long.MaxValue);
                    var status = 0;
                    for (var i = 0; i < 3; i++)
                    {
                        var one = Measure(api, method, path, text);
                        best = (Math.Min(best.Bytes, one.Bytes), Math.Min(best.Ticks, one.Ticks));
                        status = one.Status;
                        if (best.Bytes <= 5 * plain.Bytes && best.Ticks <= 5 * plain.Ticks) break;
                    }

                    if (best.Bytes > 2.5 * plain.Bytes || best.Ticks > 3 * plain.Ticks)
                    {
                        output.WriteLine($"   {place.Name}: {name}: {status} {(double)best.Bytes / plain.Bytes:F1} x bytes, {(double)best.Ticks / plain.Ticks:F1} x time");
                    }
                }
            }
        }
    }

    private static (long Bytes, long Ticks, int Status) Measure(InProcessApi api, string method, string path, string body)
    {
        var context = api.NewRequest(method, Fill(path));
        context.Request.ContentType = "application/json";
        var bytes = Encoding.UTF8.GetBytes(body);
        context.Request.ContentLength = bytes.Length;
        context.Request.Body = new MemoryStream(bytes);
        var run = api.Prepare(context);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var begin = Stopwatch.GetTimestamp();
        var task = run();
        if (!task.IsCompletedSuccessfully) throw new InvalidOperationException($"{method} {path} not sync");
        return (GC.GetAllocatedBytesForCurrentThread() - allocated, Stopwatch.GetTimestamp() - begin, context.Response.StatusCode);
    }

    private static string Fill(string path) => System.Text.RegularExpressions.Regex.Replace(path, @"\{\w+\}", "1");

    private static async Task<HttpContext> SendAsync(InProcessApi api, string method, string path, string body)
    {
        var context = api.NewRequest(method, Fill(path));
        context.Request.ContentType = "application/json";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        await api.Prepare(context)();
        return context;
    }
}
