using Parley.Core;
using Parley.DevHost.Common;
using Parley.Functions.Api.Responses;
using Xunit;

namespace Parley.Tests.Architecture;

public class DocumentationTests
{
    [Fact]
    public void The_table_of_error_codes_equals_the_codes()
    {
        var table = File.ReadLines(Path.Combine(Repository.Root, "docs", "api.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal) && (line.Contains("`urn:parley:problem:", StringComparison.Ordinal) || line.Contains("| `https://iana.org/assignments/http-problem-types#", StringComparison.Ordinal)))
            .Select(line => string.Join(" | ", line.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(4)));

        Assert.Equal(ErrorCode.All.Select(code => $"`{code.Code}` | {ProblemResult.StatusOf(code.Kind)} | {code.Title} | `{code.TypeUri}`"), table);
    }
}
