namespace Parley.DevHost.Common;

/// <summary>
/// The development host cannot start. The message is one line with the problem and the next step for the user.
/// </summary>
public sealed class HostStartException : Exception
{
    public HostStartException()
    {
    }

    public HostStartException(string message)
        : base(message)
    {
    }

    public HostStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
