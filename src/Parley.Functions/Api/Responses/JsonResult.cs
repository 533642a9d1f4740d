using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// A JSON answer with its length, serialized before the first byte is sent: a value that cannot be serialized becomes a problem
/// response, not half an answer.
/// </summary>
/// <param name="value">The body.</param>
/// <param name="type">Its source-generated contract.</param>
/// <param name="status">The HTTP status.</param>
public sealed class JsonResult<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) : IResult
{
    /// <summary>The revision of what is answered: the header <c>ETag: "n"</c>.</summary>
    public int? Revision { get; init; }

    /// <summary>Whether this is the answer to an earlier request with the same Idempotency-Key.</summary>
    public bool Replayed { get; init; }

    /// <summary>Where what was created can be read.</summary>
    public string? Location { get; init; }

    /// <summary>Whether a list's count is as far as is counted, and there is more: the header <c>X-Count-Capped: true</c>.</summary>
    public bool IsCountCapped { get; init; }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var headers = httpContext.Response.Headers;
        if (Revision is { } revision)
        {
            headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");
        }

        if (Replayed)
        {
            headers["Idempotent-Replayed"] = "true";
        }

        if (Location is not null)
        {
            headers.Location = Location;
        }

        if (IsCountCapped)
        {
            headers["X-Count-Capped"] = "true";
        }

        return JsonBody.WriteAsync(httpContext, status, JsonBody.Json, body);
    }
}
