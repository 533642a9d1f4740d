using Parley.DevHost.Worker;

namespace Parley.DevHost.Http;

/// <summary>
/// The app's HTTP functions in the order in which the Functions host matches them: by name, ordinal, ignoring case.
/// The first function whose method and route match handles the request. Literal segments have no precedence.
/// </summary>
internal sealed class HttpRoutes(IEnumerable<AppFunction> functions, string routePrefix)
{
    private readonly HttpRoute[] routes =
    [
        .. functions
            .OrderBy(function => function.Name, StringComparer.OrdinalIgnoreCase)
            .Select(function => new HttpRoute(function, routePrefix)),
    ];

    /// <summary>Returns the function for the request and the route values; null if no function matches.</summary>
    public (AppFunction Function, RouteValueDictionary Values)? Match(HttpRequest request)
    {
        foreach (var route in routes)
        {
            var values = new RouteValueDictionary();
            if (route.Matches(request, values))
            {
                return (route.Function, values);
            }
        }

        return null;
    }
}
