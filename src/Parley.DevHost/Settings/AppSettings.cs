namespace Parley.DevHost.Settings;

/// <summary>The app settings, by name as in the environment, ignoring case as configuration does.</summary>
internal sealed class AppSettings(IReadOnlyDictionary<string, string?> settings)
{
    private readonly Dictionary<string, string?> settings = new(settings, StringComparer.OrdinalIgnoreCase);

    /// <summary>The value of a setting; null when it is not set.</summary>
    public string? this[string name] => settings.GetValueOrDefault(name);

    /// <summary>
    /// The text, or the value of the setting that it names between percent signs; null when that is not set. The platform's scaling
    /// knows flat settings only: here, too, a setting of a section is not found.
    /// </summary>
    public string? Resolve(string? text) => text is not ['%', .. var name, '%'] ? text
        : name.Contains(':', StringComparison.Ordinal) || name.Contains("__", StringComparison.Ordinal) ? null
        : this[name];

    /// <summary>Whether the function is switched off, as on the platform by AzureWebJobs.{name}.Disabled.</summary>
    public bool IsDisabled(string function) =>
        (this[$"AzureWebJobs.{function}.Disabled"] ?? this[$"AzureWebJobs__{function}__Disabled"]) is { } value
        && (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase));
}
