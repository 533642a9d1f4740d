namespace Microsoft.Azure.Functions.Worker;

/// <summary>Marks the parameter of a function that runs by a schedule.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class TimerTriggerAttribute : Attribute
{
    /// <summary>A function that runs when the schedule says: an NCRONTAB expression, or the name of its setting in percent signs.</summary>
    public TimerTriggerAttribute(string schedule) => Schedule = schedule;

    /// <summary>The schedule.</summary>
    public string Schedule { get; }
}
