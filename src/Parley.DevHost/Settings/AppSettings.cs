namespace Parley.DevHost.Settings;

/// <summary>
/// The app settings. Names are as in the environment; their case is ignored, as .NET configuration does.
/// </summary>
internal sealed class AppSettings(IReadOnlyDictionary<string, string?> settings)
{
    private readonly Dictionary<string, string?> settings = new(settings, StringComparer.OrdinalIgnoreCase);

    /// <summary>The value of a setting; null if it is not set.</summary>
    public string? this[string name] => settings.GetValueOrDefault(name);

    /// <summary>
    /// Returns the text, or the value of a setting if the text is its name between percent signs; null if that setting
    /// is not set. The platform's scaling supports flat settings only, so a setting within a section is not found here
    /// either.
    /// </summary>
    public string? Resolve(string? text) => text is not ['%', .. var name, '%'] ? text
        : name.Contains(':', StringComparison.Ordinal) || name.Contains("__", StringComparison.Ordinal) ? null
        : this[name];

    /// <summary>True if AzureWebJobs.{name}.Disabled disables the function, as on the platform.</summary>
    public bool IsDisabled(string function) =>
        (this[$"AzureWebJobs.{function}.Disabled"] ?? this[$"AzureWebJobs__{function}__Disabled"]) is { } value
        && (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase));
}
