namespace Microsoft.Azure.Functions.Worker;

/// <summary>What a timer tells its function.</summary>
public class TimerInfo
{
    /// <summary>Whether the function runs later than scheduled.</summary>
    public bool IsPastDue { get; set; }
}
