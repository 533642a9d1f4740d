using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Parley.Tenants;

namespace Parley.Testing.OpenApi;

/// <summary>
/// The dialects of the API keys that clients of this process have created, and of the access tokens for those keys.
/// </summary>
internal static class KeyDialects
{
    private static readonly ConcurrentDictionary<string, Dialect> Known = new();

    /// <summary>The dialect of the request's key; Parley's if the key is missing or unknown.</summary>
    public static Dialect Of(HttpRequestMessage request) =>
        Known.GetValueOrDefault(AuthorizationOf(request).Split(' ')[^1], Dialect.Parley);

    /// <summary>Reads a response that may have a new key or token.</summary>
    public static async Task NoteAsync(HttpRequestMessage request, HttpResponseMessage response)
    {
        var path = request.RequestUri!.AbsolutePath.TrimEnd('/');
        if (!response.IsSuccessStatusCode || request.Method != HttpMethod.Post)
        {
            return;
        }

        if (path.EndsWith("/keys", StringComparison.Ordinal) || path.EndsWith("/rotate", StringComparison.Ordinal))
        {
            var created = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            Note(created["key"]!.GetValue<string>(), Read(created["dialect"]!.GetValue<string>()));
        }
        else if (path.EndsWith("/oauth/token", StringComparison.Ordinal))
        {
            var sent = AuthorizationOf(request);
            var credentials = AuthenticationHeaderValue.TryParse(sent, out var basic) && basic.Scheme == "Basic"
                ? Encoding.UTF8.GetString(Convert.FromBase64String(basic.Parameter!))
                : await request.Content!.ReadAsStringAsync();
            var dialect = Known.FirstOrDefault(key => credentials.Contains(key.Key, StringComparison.Ordinal)).Value;
            Note(JsonNode.Parse(await response.Content.ReadAsStringAsync())!["access_token"]!.GetValue<string>(), dialect);
        }
    }

    private static void Note(string credential, Dialect dialect)
    {
        if (dialect != Dialect.Parley)
        {
            Known[credential] = dialect;
        }
    }

    private static Dialect Read(string name) => Enum.GetValues<Dialect>().Single(dialect => dialect.Name() == name);

    private static string AuthorizationOf(HttpRequestMessage request) =>
        request.Headers.NonValidated.TryGetValues("Authorization", out var values) ? values.ToString() : "";
}
