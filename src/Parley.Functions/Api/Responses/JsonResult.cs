using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// A JSON response with Content-Length. It is serialized before the first byte is sent, so that a value that cannot be
/// serialized becomes a problem response and not a partial one.
/// </summary>
public sealed class JsonResult<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) : IResult
{
    /// <summary>The revision of the resource: the header <c>ETag: "n"</c>.</summary>
    public int? Revision { get; init; }

    /// <summary>
    /// True if the body depends on the resource's revision alone, so that GET with If-None-Match may get 304.
    /// </summary>
    public bool RevisionCoversBody { get; init; }

    /// <summary>True for a replayed idempotency key: the header <c>Idempotent-Replayed: true</c>.</summary>
    public bool Replayed { get; init; }

    /// <summary>The URL of the created resource.</summary>
    public string? Location { get; init; }

    /// <summary>
    /// The header <c>X-Count-Capped: true</c>: the count of a list stopped at its maximum, and more entries exist.
    /// </summary>
    public bool IsCountCapped { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        if (Revision is { } revision)
        {
            headers.ETag = EntityTag.Of(revision);
        }

        if (NotModified.TrySend(httpContext, RevisionCoversBody))
        {
            return;
        }

        using var body = new PooledBuffer();
        await using (var writer = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = type.Options.Encoder }))
        {
            JsonSerializer.Serialize(writer, value, type);
        }

        if (Replayed)
        {
            headers[ReplayedHeader.Name] = "true";
        }

        if (Location is not null)
        {
            headers.Location = Location;
        }

        if (IsCountCapped)
        {
            headers["X-Count-Capped"] = "true";
        }

        await ResponseBody.WriteAsync(httpContext, status, ResponseBody.Json, body.Written);
    }
}
