using Azure;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>An API key of a tenant, as the tenant's list describes it. Its text is stored nowhere.</summary>
public sealed record ApiKey
{
    public required TenantId Tenant { get; init; }

    /// <summary>The key's number in its tenant, from 1.</summary>
    public required int Number { get; init; }

    public required string Label { get; init; }

    public required Scopes Scopes { get; init; }

    public Dialect Dialect { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>As chosen at the creation; null when the key does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The end of the overlap after a rotation; null before the first.</summary>
    public DateTimeOffset? ReplacedAt { get; init; }

    /// <summary>Null while the key is not revoked.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>
    /// The time of a use: at most an hour before the last one of each process. Null before the first.
    /// </summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>The number of the key that replaces it; null before a rotation.</summary>
    public int? ReplacedBy { get; init; }

    /// <summary>The stored form of the key's text; see <see cref="ApiKeyToken.Hash"/>.</summary>
    internal string Hash { get; init; } = "";

    /// <summary>The id of the write that created the row.</summary>
    internal string? WriteId { get; init; }

    /// <summary>Every revocation and rotation increments it.</summary>
    internal int Revision { get; init; }

    /// <summary>The id of the last edit; null before the first.</summary>
    internal string? EditId { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>The time at which the key expires, by its own end or by a rotation; null for never.</summary>
    public DateTimeOffset? EndsAt => ReplacedAt is { } end && !(ExpiresAt < end) ? end : ExpiresAt;

    /// <summary>The end of another key with the same lifetime that begins then; null for a key without an end.</summary>
    internal DateTimeOffset? EndOfLifetimeFrom(DateTimeOffset from) =>
        ExpiresAt - CreatedAt is { } lifetime
            ? lifetime < DateTimeOffset.MaxValue - from ? from + lifetime : ExpiresAt
            : null;

    /// <summary>False for a revoked key, and for one that has expired or was replaced.</summary>
    public bool IsUsable(DateTimeOffset now) => RevokedAt is null && !(EndsAt <= now);
}

/// <summary>A new API key.</summary>
/// <param name="Text">The key's text. Shown once; only its hash is stored.</param>
public sealed record NewApiKey(ApiKey Key, string Text);

/// <summary>The successor of an API key.</summary>
/// <param name="Text">The text of the new key. Shown once; only its hash is stored.</param>
/// <param name="Previous">The replaced key, with the end of its overlap.</param>
public sealed record RotatedApiKey(ApiKey Key, string Text, ApiKey Previous);
