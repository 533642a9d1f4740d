namespace Parley.DevHost.Common;

/// <summary>The development host cannot start; the message is one line that says what is wrong and what to do.</summary>
public sealed class HostStartException : Exception
{
    /// <summary>Creates the exception without saying what is wrong.</summary>
    public HostStartException()
    {
    }

    /// <summary>Says what is wrong.</summary>
    public HostStartException(string message)
        : base(message)
    {
    }

    /// <summary>Says what is wrong and what caused it.</summary>
    public HostStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
