using System.Reflection;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions;
using Parley.Functions.Api;
using Parley.Functions.Api.Access;
using Xunit;

namespace Parley.Tests.Functions.Api;

/// <summary>
/// The Functions host takes the first matching function in the order of names; literals have no precedence there.
/// </summary>
public class RouteTests
{
    private const string Unversioned = "Unversioned";

    private sealed record Route(string Function, MethodInfo Method, RouteTemplate Template, IReadOnlyList<string> Methods, AuthorizationLevel Level)
    {
        public bool Answers(string method) => Methods.Count == 0 || Methods.Contains(method, StringComparer.OrdinalIgnoreCase);
    }

    private static readonly List<Route> Routes =
    [
        .. from type in typeof(ParleyApp).Assembly.GetExportedTypes()
           from method in type.GetMethods()
           let function = method.GetCustomAttribute<FunctionAttribute>()
           where function is not null
           from parameter in method.GetParameters()
           let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
           where trigger is not null
           select new Route(function.Name, method, TemplateParser.Parse(trigger.Route!), trigger.Methods ?? [], trigger.AuthLevel),
    ];

    [Fact]
    public void Of_two_templates_that_match_one_path_the_more_literal_one_sorts_first()
    {
        var pairs = from a in Routes
                    from b in Routes
                    where a != b && string.CompareOrdinal(a.Function, b.Function) < 0
                    where Overlap(a.Template, b.Template) && SameMethod(a, b)
                    select (First: a, Second: b);

        Assert.NotEmpty(pairs);
        Assert.All(pairs, pair => Assert.True(
            Literals(pair.First.Template) > Literals(pair.Second.Template),
            $"{pair.First.Function} ({pair.First.Template.TemplateText}) hides {pair.Second.Function} ({pair.Second.Template.TemplateText})."));
    }

    [Fact]
    public void Names_are_unique_and_every_function_does_its_own_authentication()
    {
        Assert.Equal(Routes.Count, Routes.Select(route => route.Function).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(Routes, route => Assert.Equal(AuthorizationLevel.Anonymous, route.Level));
    }

    [Fact]
    public void Head_is_taken_wherever_get_is()
    {
        var read = Routes.Where(route => route.Methods.Contains("get")).ToList();

        Assert.NotEmpty(read);
        Assert.All(Routes, route => Assert.Equal(route.Methods.Contains("get"), route.Methods.Contains("head")));
    }

    [Fact]
    public void Paths_begin_with_the_version_and_the_catch_all_is_last()
    {
        Assert.Equal("ZzCatchAll", Routes.Select(route => route.Function).Order(StringComparer.OrdinalIgnoreCase).Last());
        string[] withoutVersion = ["ZzCatchAll", "Jwks"];
        Assert.All(Routes.Where(route => !withoutVersion.Contains(route.Function) && !route.Function.EndsWith(Unversioned, StringComparison.Ordinal)), route => Assert.StartsWith("v1/", route.Template.TemplateText, StringComparison.Ordinal));
    }

    [Fact]
    public void A_path_without_a_version_is_that_of_its_twin_with_the_same_methods_and_access()
    {
        var twins = Routes.Where(route => route.Function.EndsWith(Unversioned, StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(twins);
        Assert.All(twins, twin =>
        {
            var original = Routes.Single(route => route.Function == twin.Function[..^Unversioned.Length]);
            Assert.Equal(original.Template.TemplateText, "v1/" + twin.Template.TemplateText);
            Assert.Equal(original.Methods, twin.Methods);
            Assert.Equal(FunctionAccess.Of(original.Method), FunctionAccess.Of(twin.Method));
        });
    }

    [Fact]
    public void Every_path_that_MaiAgent_describes_has_a_twin_without_a_version()
    {
        // What Parley has beyond MaiAgent's API.
        string[] others = ["v1/completions/", "v1/chatbots/{id}/records/export", "v1/uploads/"];
        var described = Routes.Where(route => route.Method.DeclaringType!.Namespace!.EndsWith(".MaiAgent", StringComparison.Ordinal)
            && !route.Function.EndsWith(Unversioned, StringComparison.Ordinal)
            && !others.Any(other => other.EndsWith('/') ? route.Template.TemplateText!.StartsWith(other, StringComparison.Ordinal) : route.Template.TemplateText == other)).ToList();

        Assert.NotEmpty(described);
        Assert.All(described, route => Assert.Contains(Routes, twin => twin.Function == route.Function + Unversioned));
    }

    [Theory]
    [InlineData("/v1/conversations/7/messages", "GET,HEAD,POST")]
    [InlineData("/V1/Conversations/7/Messages", "GET,HEAD,POST")]
    [InlineData("/v1/conversations/7/messages/8", "DELETE,PUT")]
    [InlineData("/v1/conversations/7/messages/media", "DELETE,POST,PUT")]
    [InlineData("/v1/conversations", "GET,HEAD,POST")]
    [InlineData("/v1/conversations/7", "GET,HEAD,PATCH")]
    [InlineData("/v1/conversations/7/read", "POST")]
    [InlineData("/v1/messages", "GET,HEAD,POST")]
    [InlineData("/v1/messages/7", "GET,HEAD,PATCH")]
    [InlineData("/v1/chat-messages", "GET,HEAD,POST")]
    [InlineData("/v1/chats", "GET,HEAD")]
    [InlineData("/v1/chats/7/details", "GET,HEAD")]
    [InlineData("/v1/chat-threads", "GET,HEAD,POST")]
    [InlineData("/v1/tickets/7", "GET,HEAD,PATCH")]
    [InlineData("/v1/senders/7", "GET,HEAD,PATCH")]
    [InlineData("/v1/chatbots", "GET,HEAD,POST")]
    [InlineData("/v1/chatbots/7", "DELETE,GET,HEAD,PATCH")]
    [InlineData("/v1/chatbots/7/completions", "POST")]
    [InlineData("/v1/chatbots/7/records", "GET,HEAD")]
    [InlineData("/v1/chatbots/7/records/8", "PATCH")]
    [InlineData("/v1/chatbots/7/records/export-excel", "GET,HEAD,PATCH")]
    [InlineData("/v1/chatbots/7/records/export", "PATCH,POST")]
    [InlineData("/v1/completions/7", "GET,HEAD")]
    [InlineData("/v1/completions/7/events", "GET,HEAD")]
    [InlineData("/v1/completions/7/cancel", "POST")]
    [InlineData("/v1/chat-message-follow-ups", "GET,HEAD,POST")]
    [InlineData("/v1/chat-message-follow-ups/7", "DELETE,GET,HEAD,PATCH")]
    [InlineData("/v1/chat-message-follow-ups/7/events", "GET,HEAD")]
    [InlineData("/v1/chat-messages/export", "POST")]
    [InlineData("/v1/exports", "GET,HEAD")]
    [InlineData("/v1/exports/7", "DELETE,GET,HEAD")]
    [InlineData("/v1/exports/7/content", "GET,HEAD")]
    [InlineData("/v1/exports/7/callback", "POST")]
    [InlineData("/v1/admin/tenants/7", "DELETE,GET,HEAD,PATCH")]
    [InlineData("/v1/admin/tenants/7/keys", "GET,HEAD,POST")]
    [InlineData("/v1/admin/tenants/7/webhook-secret", "POST")]
    [InlineData("/conversations/7", "GET,HEAD,PATCH")]
    [InlineData("/v1/attachments", "POST")]
    [InlineData("/v1/nothing", "")]
    [InlineData("/", "")]
    public void The_methods_of_a_path_are_found(string path, string expected) => Assert.Equal(expected, string.Join(',', new RouteTable().MethodsOf(path)));

    private static bool SameMethod(Route a, Route b) =>
        new[] { "GET", "POST", "PUT", "PATCH", "DELETE" }.Any(method => a.Answers(method) && b.Answers(method));

    private static int Literals(RouteTemplate template) => template.Segments.Count(segment => segment.IsSimple && segment.Parts[0].IsLiteral);

    private static bool Overlap(RouteTemplate a, RouteTemplate b)
    {
        for (var i = 0; i < Math.Max(a.Segments.Count, b.Segments.Count); i++)
        {
            if (CatchesAll(a, i) || CatchesAll(b, i))
            {
                return true;
            }

            if (i >= a.Segments.Count || i >= b.Segments.Count)
            {
                return false;
            }

            var (left, right) = (a.Segments[i].Parts[0], b.Segments[i].Parts[0]);
            if (left.IsLiteral && right.IsLiteral && !string.Equals(left.Text, right.Text, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return true;
    }

    private static bool CatchesAll(RouteTemplate template, int segment) => segment < template.Segments.Count && template.Segments[segment].Parts[0].IsCatchAll;
}
