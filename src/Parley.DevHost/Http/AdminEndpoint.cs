using System.Text.Json;
using Parley.DevHost.Triggers;
using Parley.Tenants;

namespace Parley.DevHost.Http;

/// <summary>
/// <c>POST /admin/functions/{name}</c> runs a timer or queue function at once, in the background, as the platform's
/// endpoint of the same name does. It requires Parley's admin key as a bearer token.
/// </summary>
/// <param name="adminKey">The admin key; if it is null or empty, all requests are rejected.</param>
/// <param name="find">
/// Returns the listener of a function by name; null for HTTP, disabled and unknown functions.
/// </param>
internal sealed class AdminEndpoint(string? adminKey, Func<string, TriggerListener?> find)
{
    /// <summary>Returns true, and the function's name, if the request is for this endpoint.</summary>
    public static bool Matches(HttpRequest request, out string name)
    {
        var isEndpoint = request.Path.StartsWithSegments(
            "/admin/functions",
            StringComparison.OrdinalIgnoreCase,
            out var rest);
        name = rest.Value?.TrimStart('/') ?? "";
        return isEndpoint && name.Length > 0 && HttpMethods.IsPost(request.Method);
    }

    /// <summary>
    /// Returns 202 if the function was started, 401 without the key, 404 if no timer or queue function of this name is
    /// running, and 400 for an invalid body.
    /// </summary>
    public async Task HandleAsync(HttpContext context, string name) => context.Response.StatusCode =
        !AdminKey.Matches(context.Request.Headers.Authorization.ToString(), adminKey)
            ? StatusCodes.Status401Unauthorized
            : find(name) is not { } function
                ? StatusCodes.Status404NotFound
                : await ReadAsync(context) is { } body && function.TryRun(body.Input)
                    ? StatusCodes.Status202Accepted
                    : StatusCodes.Status400BadRequest;

    private static async Task<RunRequest?> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<RunRequest>(
                context.Request.Body,
                JsonSerializerOptions.Web,
                context.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record RunRequest(string? Input);
}
