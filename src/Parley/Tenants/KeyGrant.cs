using Parley.Core;

namespace Parley.Tenants;

/// <summary>What a caller may give to an API key.</summary>
/// <param name="ExpiresAt">The latest end; null when the key need not expire.</param>
public sealed record KeyGrant(Scopes Scopes, DateTimeOffset? ExpiresAt)
{
    /// <summary>For the administrator, who may give every scope and any end.</summary>
    public static KeyGrant Unlimited { get; } = new((Scopes)(-1), ExpiresAt: null);

    /// <exception cref="ParleyException"><see cref="ErrorCode.ScopeMissing"/>: a scope is not permitted.</exception>
    public void Require(Scopes scopes)
    {
        if ((scopes & ~Scopes) is var missing and not Scopes.None)
        {
            throw ErrorCode.ScopeMissing.With($"The caller lacks the scope {string.Join(", ", missing.Names())}.");
        }
    }

    /// <summary>The earlier one of an end (null for none) and the latest permitted one.</summary>
    public DateTimeOffset? Bound(DateTimeOffset? end) => ExpiresAt is null || end < ExpiresAt ? end : ExpiresAt;
}
