using System.Reflection;
using Parley.Core;
using Xunit;

namespace Parley.Tests.Architecture;

public class BoundaryTests
{
    [Fact]
    public void Features_do_not_reference_http_or_functions_packages()
    {
        // System.Net.Http is permitted, because webhooks are sent to other servers.
        var references = typeof(ParleyServices).Assembly.GetReferencedAssemblies().Select(name => name.Name!);

        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.Azure.Functions", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_error_code_is_listed_once()
    {
        var declared = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (ErrorCode)field.GetValue(null)!).ToList();

        Assert.Equal(declared, ErrorCode.All);
        Assert.Equal(declared.Count, declared.Select(code => code.Code).Distinct().Count());
        Assert.All(declared, code => Assert.Matches("^[a-z]+(_[a-z]+)*$", code.Code));
    }
}
