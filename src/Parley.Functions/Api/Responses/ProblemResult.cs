using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Tenants;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// The body of every problem response (RFC 9457). Clients of the described APIs read its additional members
/// <c>error</c>, <c>message</c> (equal to detail) and <c>errors</c>.
/// </summary>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Error,
    string Message,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors,
    string TraceId)
{
    /// <summary>The names of the exceeded policies, for <see cref="ErrorCode.QuotaExceeded"/> only.</summary>
    [JsonPropertyName("violated-policies")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ViolatedPolicies { get; init; }
}

/// <summary>Writes a failure as a problem response, in the form of the dialect of the caller's key.</summary>
public sealed class ProblemResult(ParleyException failure) : IResult
{
    /// <summary>The form of RFC 9457.</summary>
    public static readonly ProblemFormat Standard = new((_, problem) => new ProblemBody(
        problem.Status,
        "application/problem+json",
        JsonSerializer.SerializeToUtf8Bytes(problem, CommonJson.Default.Problem)));

    /// <summary>The methods that the path accepts, for status 405.</summary>
    public string? Allow { get; init; }

    /// <summary>The URL of the failed resource.</summary>
    public string? Location { get; init; }

    /// <summary>True for a replayed idempotency key: the header <c>Idempotent-Replayed: true</c>.</summary>
    public bool Replayed { get; init; }

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

    /// <summary>
    /// The W3C trace id of the request, 32 hexadecimal digits: every invocation has one (InvocationMiddleware).
    /// </summary>
    public static string TraceId(HttpContext context) =>
        (Activity.Current?.TraceId ?? ActivityTraceId.CreateRandom()).ToHexString();

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var code = failure.Code;
        var problem = new Problem(
            code.TypeUri,
            code.Title,
            StatusOf(code.Kind),
            Detail: failure.Message,
            Error: code.Code,
            failure.Message,
            failure.FieldErrors,
            TraceId(httpContext))
        {
            ViolatedPolicies = failure.ViolatedPolicies,
        };
        var format = httpContext.Features.Get<ProblemFormats>()?.Of(httpContext) ?? Standard;
        var (status, mediaType, body) = format.Create(failure, problem);
        var headers = httpContext.Response.Headers;
        if (code.Kind == ErrorKind.Unauthenticated)
        {
            // RFC 9110, section 11.6.1: a 401 response must name an accepted authentication scheme. RFC 6750, section
            // 3.1: the error is for requests with a token.
            headers.WWWAuthenticate = ApiKeyToken.FromHeader(httpContext.Request.Headers.Authorization.ToString()) is null
                ? "Bearer"
                : "Bearer error=\"invalid_token\"";
        }

        if (code == ErrorCode.ScopeMissing)
        {
            headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\"";
        }

        if (failure.RetryAfter is { } after)
        {
            var seconds = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds));
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
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
            headers[ReplayedHeader.Name] = "true";
        }

        return ResponseBody.WriteAsync(httpContext, status, mediaType, body);
    }
}
