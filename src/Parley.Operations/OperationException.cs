namespace Parley.Operations;

/// <summary>The command failed. The message contains the problem and the next step for the user.</summary>
public sealed class OperationException(string message, Exception? cause = null) : Exception(message, cause);
