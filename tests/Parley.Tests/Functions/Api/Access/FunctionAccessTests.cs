using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions;
using Parley.Functions.Api.Access;
using Parley.Tenants;
using Xunit;

#pragma warning disable CA1822 // Functions are instance methods, whether they need their instance or not.

namespace Parley.Tests.Functions.Api.Access;

public class FunctionAccessTests
{
    private static readonly MethodInfo[] Functions =
    [
        .. from type in typeof(ParleyApp).Assembly.GetTypes()
           from method in type.GetMethods()
           where method.GetParameters().Any(parameter => parameter.IsDefined(typeof(HttpTriggerAttribute)))
           select method,
    ];

    [Fact]
    public void Every_http_function_states_who_may_call_it()
    {
        Assert.NotEmpty(Functions);
        Assert.All(Functions, function => Assert.NotNull(FunctionAccess.Of(function)));
    }

    [Fact]
    public void A_route_below_admin_requires_the_admin_key_and_no_other_does() =>
        Assert.All(Functions, function => Assert.Equal(
            RouteOf(function).StartsWith("v1/admin/", StringComparison.Ordinal),
            FunctionAccess.Of(function).IsForAdministrator));

    [Fact]
    public void Only_these_routes_are_open_to_all() =>
        Assert.Equal(
            [
                ".well-known/jwks.json", "oauth/token", "v1/health/live", "v1/health/ready", "v1/oauth/token", "v1/uploads/{id}", "v1/version", "{*path}",
            ],
            Functions
                .Where(function => FunctionAccess.Of(function) is { Scopes: null, IsForAdministrator: false })
                .Select(RouteOf)
                .Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(nameof(Stated.Nothing))]
    [InlineData(nameof(Stated.Two))]
    [InlineData(nameof(Stated.NoScope))]
    public void A_function_without_exactly_one_statement_is_refused(string method) =>
        Assert.Throws<InvalidOperationException>(() => FunctionAccess.Of(typeof(Stated).GetMethod(method)!));

    private static string RouteOf(MethodInfo function) => function.GetParameters()
        .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
        .OfType<HttpTriggerAttribute>()
        .Single().Route!;

    private sealed class Stated
    {
        public void Nothing()
        {
        }

        [RequiresScope(Scopes.MessagesRead)]
        [OpenToAll]
        public void Two()
        {
        }

        [RequiresScope(Scopes.None)]
        public void NoScope()
        {
        }
    }
}
