using System.Text.Json;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Dialects;

/// <summary>The body of a problem response.</summary>
public sealed record ProblemBody(int Status, string MediaType, byte[] Json);

/// <summary>The forms of problem responses.</summary>
internal static class ProblemFormats
{
    public static readonly PerDialect<Func<ParleyException, Problem, ProblemBody>> All = new(Standard)
    {
        Flextell = Flextell.FlextellProblem.Write,
    };

    /// <summary>RFC 9457.</summary>
    public static ProblemBody Standard(ParleyException failure, Problem problem) => new(
        problem.Status,
        "application/problem+json",
        JsonSerializer.SerializeToUtf8Bytes(problem, CommonJson.Default.Problem));
}
