using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;

namespace Parley.Assistants;

/// <summary>The providers of assistants that the settings name, as <c>Providers__NAME__…</c>.</summary>
public sealed class AssistantProviders
{
    /// <summary>The provider of a chatbot that names none.</summary>
    public const string Default = "main";

    private readonly Dictionary<string, IChatClient> clients = new(StringComparer.Ordinal);

    private AssistantProviders()
    {
    }

    /// <summary>Their names.</summary>
    public IReadOnlyCollection<string> Names => clients.Keys;

    /// <summary>Reads the settings.</summary>
    public static AssistantProviders Read(IConfiguration configuration, TimeProvider time) => new();

    /// <summary>A provider's client, or null.</summary>
    public IChatClient? Find(string name) => clients.GetValueOrDefault(name);
}
