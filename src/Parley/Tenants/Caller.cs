using Parley.Core;

namespace Parley.Tenants;

/// <summary>Who calls: an authenticated API key.</summary>
/// <param name="Tenant">The one tenant that the key reaches.</param>
/// <param name="Number">The key's number in its tenant: <c>user_id</c> of the messages that it writes.</param>
/// <param name="Name">The key's label: the name of the actor.</param>
/// <param name="Scopes">What it may do.</param>
public sealed record Caller(TenantId Tenant, int Number, string Name, Scopes Scopes);
