namespace Parley.Assistants.Providers;

/// <summary>
/// An error that a server reports in a response body or in an event. No text of the server is kept, because servers
/// quote the prompt and the key.
/// </summary>
/// <param name="Status">The HTTP status that the error itself contains, 400 to 599; null for none.</param>
/// <param name="Names">Those of the error's code and type that <see cref="FindName"/> knows.</param>
internal sealed record OpenAIError(int? Status, IReadOnlyList<string> Names)
{
    private const int BadRequest = 400;
    private const int TooManyRequests = 429;
    private const int ServerError = 500;

    // Azure OpenAI, LiteLLM, Azure's inner error, OpenAI's reasoning models, Alibaba, Zhipu.
    private static readonly HashSet<string> Refusals =
    [
        "content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "invalid_prompt",
        "data_inspection_failed", "sensitive", "1301",
    ];

    /// <summary>
    /// Names that mean an error of the request, which servers send with various statuses from 400 to 499 outside of a
    /// stream. The numbers are Zhipu's and Mistral's.
    /// </summary>
    private static readonly HashSet<string> BadRequests =
    [
        "invalid_request_error", "BadRequestError", "invalid_model", "InvalidParameter", "unsupported_value",
        "context_length_exceeded", "ContextWindowExceededError", "exceed_context_size_error", "string_too_long",
        "authentication_error", "invalid_api_key", "unauthorized", "billing_error", "insufficient_balance",
        "permission_error", "PermissionDeniedError", "forbidden", "not_found_error", "model_not_found",
        "request_too_large", "UnprocessableEntityError", "ValidationError",
        "1000", "1001", "1002", "1003", "1004", "1210", "1211", "1212", "1213", "1214", "1215", "1261", "1500",
    ];

    /// <summary>Names that mean too many requests. The numbers are Zhipu's and Mistral's.</summary>
    private static readonly HashSet<string> RateLimits =
    [
        "rate_limit_error", "rate_limited", "rate_limit_exceeded", "RateLimitReached", "too_many_requests",
        "insufficient_quota", "quota_exceeded", "RESOURCE_EXHAUSTED", "requests", "tokens", "throttling_error",
        "service_tier_capacity_exceeded", "engine_overloaded_error",
        "1113", "1300", "1302", "1303", "1304", "1305", "1308", "3505",
    ];

    /// <summary>All names, by their letters and digits.</summary>
    private static readonly Dictionary<string, string> Known =
        Refusals.Concat(BadRequests).Concat(RateLimits).ToDictionary(Normalize, StringComparer.Ordinal);

    /// <summary>The names for the log, with a space before them; empty without one.</summary>
    public string NamesText => Names.Count == 0 ? "" : $" ({string.Join(", ", Names.Distinct())})";

    /// <summary>The name of the tables that a server's code or type means; null for any other.</summary>
    public static string? FindName(string name) => Known.GetValueOrDefault(Normalize(name));

    /// <summary>The error that clients see after a response with a status other than 200.</summary>
    public ProviderError Classify(int status) => status switch
    {
        408 => ProviderError.Timeout,
        TooManyRequests => ProviderError.RateLimited,
        >= 400 and <= 499 when Names.Any(Refusals.Contains) => ProviderError.Refused,
        >= 400 and <= 499 => ProviderError.BadRequest,
        _ => ProviderError.Unavailable,
    };

    /// <summary>
    /// The error that clients see after an error within a response of status 200: the same as if the server had sent
    /// the error's own status.
    /// </summary>
    public ProviderError Classify() => Classify(Status ?? StatusOfNames() ?? ServerError);

    private int? StatusOfNames() =>
        Names.Select(StatusOf).FirstOrDefault(status => status is not null);

    /// <summary>The status that a name stands for. An error without one is a failure of the server.</summary>
    private static int? StatusOf(string name) => name switch
    {
        _ when Refusals.Contains(name) || BadRequests.Contains(name) => BadRequest,
        _ when RateLimits.Contains(name) => TooManyRequests,
        _ => null,
    };

    /// <summary>
    /// Servers spell one name in several ways: <c>rate_limit_error</c>, <c>RateLimitError</c>, <c>rate-limit</c>.
    /// </summary>
    private static string Normalize(string name)
    {
        var letters = string.Concat(name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant));
        const string Suffix = "error";
        return letters.EndsWith(Suffix, StringComparison.Ordinal) ? letters[..^Suffix.Length] : letters;
    }
}
