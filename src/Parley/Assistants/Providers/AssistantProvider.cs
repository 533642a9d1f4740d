using Microsoft.Extensions.AI;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>A provider that generates the replies of chatbots.</summary>
/// <param name="Name">The name in the settings and in chatbots.</param>
/// <param name="Type">The kind of server: openai or scripted.</param>
/// <param name="Model">The model of chatbots that name none; null for a scripted one, which has no model.</param>
/// <param name="Client">Sends requests to the provider.</param>
/// <param name="IdleTimeout">The longest time without an update before the provider counts as failed.</param>
/// <param name="Tenants">The tenants that may use it; null for all.</param>
public sealed record AssistantProvider(
    string Name,
    string Type,
    string? Model,
    IChatClient Client,
    TimeSpan IdleTimeout,
    IReadOnlySet<TenantId>? Tenants)
{
    /// <summary>For any other tenant the provider does not exist.</summary>
    public bool IsFor(TenantId tenant) => Tenants?.Contains(tenant) is not false;
}
