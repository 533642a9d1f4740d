using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Flextell;

/// <summary>
/// The body of a problem response, in the format of Flextell. The reference has the first two members; the others are
/// Parley's.
/// </summary>
public sealed record FlextellProblem(
    string Error,
    string Message,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors,
    [property: JsonPropertyName("traceId")] string TraceId)
{
    [JsonPropertyName("violated-policies")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ViolatedPolicies { get; init; }

    internal static ProblemBody Write(ParleyException failure, Problem problem)
    {
        var body = new FlextellProblem(
            CodeOf(failure.Code),
            failure.FieldErrors is { } fields ? Sentence(fields) : problem.Message,
            problem.Errors,
            problem.TraceId)
        {
            ViolatedPolicies = problem.ViolatedPolicies,
        };
        return new ProblemBody(
            problem.Status,
            "application/json",
            JsonSerializer.SerializeToUtf8Bytes(body, FlextellJson.Default.FlextellProblem));
    }

    /// <summary>
    /// Flextell's error handling guide has the codes of 401 and 422. Its 403 says that a scope or a permission is
    /// missing: RFC 6750, section 3.1, has <c>invalid_token</c> and <c>insufficient_scope</c>.
    /// </summary>
    private static string CodeOf(ErrorCode code) => code.Kind switch
    {
        ErrorKind.Malformed => "invalid_request",
        ErrorKind.Unauthenticated => "invalid_token",
        ErrorKind.Forbidden => code == ErrorCode.ScopeMissing ? "insufficient_scope" : "forbidden",
        ErrorKind.NotFound => "not_found",
        ErrorKind.Conflict => "conflict",
        ErrorKind.Invalid => "validation_error",
        ErrorKind.TooManyRequests => "rate_limit_exceeded",
        ErrorKind.Internal => "server_error",
        ErrorKind.Unavailable => "service_unavailable",
        _ => code.Code,
    };

    /// <summary>Clients read the name of the invalid field in the message.</summary>
    private static string Sentence(IReadOnlyDictionary<string, IReadOnlyList<string>> fields) => string.Join(
        ' ', fields.Select(field => $"The '{field.Key}' field is not valid: {string.Join(' ', field.Value)}"));
}
