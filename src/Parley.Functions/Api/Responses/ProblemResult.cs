using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// The one problem body (RFC 9457), with the members that the described APIs' clients read beside the standard's: <c>error</c>,
/// <c>message</c> (= detail) and <c>errors</c>.
/// </summary>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Error,
    string Message,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors,
    string TraceId);

/// <summary>Answers a failure as a problem.</summary>
public sealed class ProblemResult(ParleyException failure) : IResult
{
    /// <summary>The methods that the path does take, for 405.</summary>
    public string? Allow { get; init; }

    /// <summary>Where what failed can be read.</summary>
    public string? Location { get; init; }

    /// <summary>Whether this is the answer to an earlier request with the same Idempotency-Key.</summary>
    public bool Replayed { get; init; }

    /// <summary>The status of each kind of failure.</summary>
    public static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Malformed => StatusCodes.Status400BadRequest,
        ErrorKind.Unauthenticated => StatusCodes.Status401Unauthorized,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        ErrorKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorKind.UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
        ErrorKind.Invalid => StatusCodes.Status422UnprocessableEntity,
        ErrorKind.TooManyRequests => StatusCodes.Status429TooManyRequests,
        ErrorKind.ProviderFailed => StatusCodes.Status502BadGateway,
        ErrorKind.ProviderTimeout => StatusCodes.Status504GatewayTimeout,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The id under which logs and traces know a request.</summary>
    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var code = failure.Code;
        var status = StatusOf(code.Kind);
        var problem = new Problem(code.TypeUri, code.Title, status, failure.Message, code.Code, failure.Message, failure.FieldErrors, TraceId(httpContext));
        var body = JsonSerializer.SerializeToUtf8Bytes(problem, CamelJson.Default.Problem);
        var headers = httpContext.Response.Headers;
        if (code.Kind == ErrorKind.Unauthenticated)
        {
            // RFC 9110, section 11.6.1: a 401 names a scheme that would do.
            headers.WWWAuthenticate = "Bearer";
        }

        if (failure.RetryAfter is { } after)
        {
            headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (Allow is not null)
        {
            headers.Allow = Allow;
        }

        if (Location is not null)
        {
            headers.Location = Location;
        }

        if (Replayed)
        {
            headers["Idempotent-Replayed"] = "true";
        }

        return JsonBody.WriteAsync(httpContext, status, "application/problem+json", body);
    }
}
