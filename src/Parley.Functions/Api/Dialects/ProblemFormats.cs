using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Dialects;

/// <summary>The forms of problem responses.</summary>
internal static class ProblemFormats
{
    public static readonly PerDialect<ProblemFormat> All = new(ProblemResult.Standard)
    {
        Maiagent = new ProblemFormat(DjangoProblems.Create),
    };
}
