namespace Parley.Storage.ChangeLog;

/// <summary>Who causes the changes of a call: an API key, or the administrator.</summary>
/// <param name="Key">The number of the API key; null for the administrator and for a subject of another issuer.</param>
/// <param name="Label">The label of the key, or the name of the subject.</param>
public sealed record ChangeActor(int? Key, string Label)
{
    private static readonly AsyncLocal<ChangeActor?> Flow = new();

    /// <summary>The actor of the present call; null when Parley acts by itself, such as for a due follow-up.</summary>
    /// <remarks>
    /// It follows the call, because every write logs it and no write decides anything by it. As a parameter it would
    /// run through every method of every feature.
    /// </remarks>
    public static ChangeActor? Current => Flow.Value;

    /// <summary>The administrator, who has no API key of the tenant.</summary>
    public static ChangeActor Administrator { get; } = new(null, "administrator");

    /// <summary>Sets the actor of the present call, and of what it starts.</summary>
    public static void Set(ChangeActor? actor) => Flow.Value = actor;
}
