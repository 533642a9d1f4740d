using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>A provider that generates the replies of chatbots.</summary>
/// <param name="Name">The name in the settings and in chatbots.</param>
/// <param name="Client">Sends requests to the provider.</param>
/// <param name="IdleTimeout">The longest time without an update before the provider counts as failed.</param>
public sealed record AssistantProvider(string Name, IChatClient Client, TimeSpan IdleTimeout);
