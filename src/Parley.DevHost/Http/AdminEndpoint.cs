using System.Text.Json;
using Parley.DevHost.Triggers;
using Parley.Tenants;

namespace Parley.DevHost.Http;

/// <summary>
/// <c>POST /admin/functions/{name}</c> runs a timer or queue function at once, in the background, as the platform's endpoint of that
/// name does. It needs Parley's own admin key as a bearer token; without the setting, no request is accepted.
/// </summary>
/// <param name="adminKey">The key; null or empty refuses everybody.</param>
/// <param name="find">The listener of the function with a name; null for HTTP, disabled and unknown functions.</param>
internal sealed class AdminEndpoint(string? adminKey, Func<string, TriggerListener?> find)
{
    /// <summary>Whether the request is for this endpoint; if so, the function's name.</summary>
    public static bool Matches(HttpRequest request, out string name)
    {
        var isHere = request.Path.StartsWithSegments("/admin/functions", StringComparison.OrdinalIgnoreCase, out var rest);
        name = rest.Value?.TrimStart('/') ?? "";
        return isHere && name.Length > 0 && HttpMethods.IsPost(request.Method);
    }

    /// <summary>Answers 202 when the function was started, 401 without the key, 404 for what is no running timer or queue function, 400 for a wrong body.</summary>
    public async Task HandleAsync(HttpContext context, string name) => context.Response.StatusCode =
        !AdminKey.Matches(context.Request.Headers.Authorization.ToString(), adminKey) ? StatusCodes.Status401Unauthorized
        : find(name) is not { } function ? StatusCodes.Status404NotFound
        : await ReadAsync(context) is { } body && function.TryRun(body.Input) ? StatusCodes.Status202Accepted
        : StatusCodes.Status400BadRequest;

    private static async Task<RunRequest?> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<RunRequest>(context.Request.Body, JsonSerializerOptions.Web, context.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record RunRequest(string? Input);
}
