using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>Who speaks for a chatbot.</summary>
/// <param name="Name">What settings and chatbots call it.</param>
/// <param name="Client">Asks it.</param>
/// <param name="IdleTimeout">How long it may say nothing before it counts as failed.</param>
public sealed record AssistantProvider(string Name, IChatClient Client, TimeSpan IdleTimeout);
