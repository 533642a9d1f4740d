using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Storage;

/// <summary>A table of schedule rows. Each has its own form of keys.</summary>
public enum ScheduleTable
{
    /// <summary>Partitions by kind of work, shard and minute.</summary>
    Schedule,

    /// <summary>Partitions by minute only. Versions before 0.2.0 know no other table.</summary>
    Due,
}

/// <summary>Settings of the schedule.</summary>
/// <param name="Write">The table that rows are written to. Rows of both tables are read.</param>
public sealed record ScheduleOptions(ScheduleTable Write)
{
    /// <summary>
    /// In the environment <c>Schedule__Write</c>: <c>Schedule</c>, the default, or <c>Due</c> while an instance of a
    /// version before 0.2.0 may run.
    /// </summary>
    public const string WriteSetting = "Schedule:Write";

    /// <summary>
    /// A tenant's rows of a kind and a minute are in one partition, and tenants are spread over this many, at most 16.
    /// Only simulations have another number, so that their timers make fewer calls.
    /// </summary>
    internal int Shards { get; init; } = 16;

    /// <exception cref="StartUpException">The setting is not the name of a table of schedule rows.</exception>
    public static ScheduleOptions Read(IConfiguration configuration) => configuration[WriteSetting] switch
    {
        null or "" or nameof(ScheduleTable.Schedule) => new ScheduleOptions(ScheduleTable.Schedule),
        nameof(ScheduleTable.Due) => new ScheduleOptions(ScheduleTable.Due),
        _ => throw new StartUpException("Schedule__Write must be Schedule or Due."),
    };
}
