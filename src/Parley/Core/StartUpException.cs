namespace Parley.Core;

/// <summary>
/// The app cannot start: a setting is invalid, or storage does not respond. The message is one line that names the
/// setting to correct.
/// </summary>
public sealed class StartUpException(string message, Exception? cause = null) : Exception(message, cause);
