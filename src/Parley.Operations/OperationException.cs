namespace Parley.Operations;

/// <summary>The command cannot be carried out. The message says what is wrong and what to do next.</summary>
public sealed class OperationException(string message, Exception? cause = null) : Exception(message, cause);
