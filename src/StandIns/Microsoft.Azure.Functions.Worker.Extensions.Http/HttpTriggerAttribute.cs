namespace Microsoft.Azure.Functions.Worker;

/// <summary>Who may call an HTTP function by the host's own keys. Parley authenticates itself, so only one level is here.</summary>
public enum AuthorizationLevel
{
    /// <summary>Every caller.</summary>
    Anonymous = 0,
}

/// <summary>Marks the parameter that receives the request.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class HttpTriggerAttribute : Attribute
{
    /// <summary>A function that answers these methods.</summary>
    public HttpTriggerAttribute(AuthorizationLevel authLevel, params string[] methods)
    {
        AuthLevel = authLevel;
        Methods = methods;
    }

    /// <summary>Who may call.</summary>
    public AuthorizationLevel AuthLevel { get; }

    /// <summary>The methods; none means all.</summary>
    public string[]? Methods { get; }

    /// <summary>The route template, below the prefix of host.json.</summary>
    public string? Route { get; set; }
}
