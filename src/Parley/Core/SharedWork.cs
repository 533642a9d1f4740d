namespace Parley.Core;

/// <summary>Starts work that a process does once for several requests.</summary>
internal static class SharedWork
{
    /// <summary>
    /// Calls the method without the caller's execution context. Otherwise the trace of the first request would contain
    /// the storage calls for all later ones.
    /// </summary>
    /// <param name="start">Starts a task or a timer, and returns.</param>
    public static void Start(Action start)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            start();
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            start();
        }
    }
}
