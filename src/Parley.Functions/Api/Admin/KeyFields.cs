using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>The fields of a request for a new API key.</summary>
internal sealed record NewKeyFields(string Label, Scopes Scopes, Dialect Dialect, DateTimeOffset? ExpiresAt)
{
    /// <param name="grant">What the caller may give; a key without an end of its own gets the latest one.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ScopeMissing"/>: the caller lacks a scope. A field is wrong: its error.
    /// </exception>
    public static async Task<NewKeyFields> ReadAsync(HttpRequest request, DateTimeOffset now, KeyGrant grant)
    {
        var fields = await RequestBody.ReadFieldsAsync(request, AdminJson.MaxBody);
        var label = fields.RequiredName("label");
        var scopes = ReadScopes(fields);
        var dialect = fields.Choice<Dialect>("dialect") ?? Dialect.Parley;
        var expiresAt = ReadExpiry(fields, now, grant);
        fields.ThrowIfInvalid();
        grant.Require(scopes);
        return new NewKeyFields(label, scopes, dialect, grant.Bound(expiresAt));
    }

    public static DateTimeOffset? ReadExpiry(Fields fields, DateTimeOffset now, KeyGrant grant)
    {
        var expiresAt = fields.Time("expiresAt");
        if (expiresAt <= now)
        {
            fields.Fail("expiresAt", "Must be in the future.");
        }

        if (expiresAt > grant.ExpiresAt)
        {
            fields.Fail("expiresAt", "Must not be later than the end of your own API key.");
        }

        return expiresAt;
    }

    private static Scopes ReadScopes(Fields fields)
    {
        var names = fields.Texts("scopes");
        var scopes = Scopes.None;
        foreach (var name in names ?? [])
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

        if (names is { Count: 0 } || fields.IsAbsent("scopes"))
        {
            fields.Fail("scopes", "Must name at least one scope.");
        }

        return scopes;
    }
}

/// <summary>The fields of a rotation; the request may have no body.</summary>
internal sealed record RotationFields(TimeSpan Overlap, DateTimeOffset? ExpiresAt)
{
    public static async Task<RotationFields> ReadAsync(HttpRequest request, DateTimeOffset now, KeyGrant grant)
    {
        var fields = await RequestBody.ReadOptionalFieldsAsync(request, AdminJson.MaxBody);
        var seconds = fields.WholeNumber("overlapSeconds", 0, (int)ApiKeyWriter.MaxOverlap.TotalSeconds);
        var expiresAt = NewKeyFields.ReadExpiry(fields, now, grant);
        fields.ThrowIfInvalid();
        return new RotationFields(
            seconds is { } overlap ? TimeSpan.FromSeconds(overlap) : ApiKeyWriter.DefaultOverlap, expiresAt);
    }
}
