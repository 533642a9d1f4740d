using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Requests;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>The fields of a request for a new API key.</summary>
internal sealed record NewKeyFields(string Label, Scopes Scopes, DateTimeOffset? ExpiresAt)
{
    private const int MaxBody = 16 * 1024;

    public static async Task<NewKeyFields> ReadAsync(HttpRequest request, DateTimeOffset now)
    {
        var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
        var label = fields.RequiredText("label", 1, Limits.Line);
        var scopes = ReadScopes(fields);
        var expiresAt = ReadExpiry(fields, now);
        fields.ThrowIfInvalid();
        return new NewKeyFields(label, scopes, expiresAt);
    }

    public static DateTimeOffset? ReadExpiry(Fields fields, DateTimeOffset now)
    {
        var expiresAt = fields.Time("expiresAt");
        if (expiresAt <= now)
        {
            fields.Fail("expiresAt", "Must be in the future.");
        }

        return expiresAt;
    }

    private static Scopes ReadScopes(Fields fields)
    {
        var scopes = Scopes.None;
        foreach (var name in fields.Texts("scopes") ?? [])
        {
            if (ScopeNames.TryParse(name, out var scope))
            {
                scopes |= scope;
            }
            else
            {
                fields.Fail("scopes", $"Must be among: {string.Join(", ", ScopeNames.All)}.");
                return scopes;
            }
        }

        if (scopes == Scopes.None && (fields.IsAbsent("scopes") || fields.Texts("scopes") is { Count: 0 }))
        {
            fields.Fail("scopes", "Must name at least one scope.");
        }

        return scopes;
    }
}

/// <summary>The fields of a rotation; the request may have no body.</summary>
internal sealed record RotationFields(TimeSpan Overlap, DateTimeOffset? ExpiresAt)
{
    private const int MaxBody = 16 * 1024;

    public static async Task<RotationFields> ReadAsync(HttpRequest request, DateTimeOffset now)
    {
        var fields = await RequestBody.ReadOptionalFieldsAsync(request, MaxBody);
        var seconds = fields.WholeNumber("overlapSeconds", 0, (int)ApiKeyWriter.MaxOverlap.TotalSeconds);
        var expiresAt = NewKeyFields.ReadExpiry(fields, now);
        fields.ThrowIfInvalid();
        return new RotationFields(
            seconds is { } overlap ? TimeSpan.FromSeconds(overlap) : ApiKeyWriter.DefaultOverlap, expiresAt);
    }
}
