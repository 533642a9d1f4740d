namespace Parley.Testing;

/// <summary>What happens around the calls of one connection, to the tables and foreign ones alike. All of it is optional.</summary>
public sealed record TableHooks
{
    /// <summary>Awaited before each call is carried out, with the call's own cancellation: a scheduler's turn.</summary>
    public Func<TableCall, CancellationToken, ValueTask>? Before { get; init; }

    /// <summary>Decides how each call fails.</summary>
    public Func<TableCall, Fault>? Fault { get; init; }

    /// <summary>
    /// How many rows a query's page may have; 0 makes an empty page with a continuation token, null leaves it to the service. A page
    /// that this cuts always has a token, also when nothing follows.
    /// </summary>
    public Func<TableCall, int?>? PageRows { get; init; }

    /// <summary>Told of each call that the service carried out, with the status that it answered, whether or not the answer arrives.</summary>
    public Action<TableCall, int>? After { get; init; }

    /// <summary>A defect of the process; null for none.</summary>
    public TableDefect? Defect { get; init; }

    /// <summary>Takes what is left of a <see cref="FaultSide.Late"/> call, to run it later.</summary>
    public Action<TableCall, Action>? Late { get; init; }

    /// <summary>Whether a call that its caller gave up while it waited in <see cref="Before"/> is carried out late all the same.</summary>
    public Func<TableCall, bool>? LandsAfterAll { get; init; }

    /// <summary>Only the call of that number fails.</summary>
    public static Func<TableCall, Fault> At(int number, Fault fault) => call => call.Number == number ? fault : Testing.Fault.None;

    /// <summary>One call in so many fails, by seed, in one of these ways.</summary>
    public static Func<TableCall, Fault> OneIn(int calls, int seed, IReadOnlyList<Fault> faults)
    {
        var random = new Random(seed);
        return _ => random.Next(calls) == 0 ? faults[random.Next(faults.Count)] : Testing.Fault.None;
    }

    /// <summary>Pages of 0 to 3 rows, or as many as there are, by seed.</summary>
    public static Func<TableCall, int?> SmallPages(int seed)
    {
        var random = new Random(seed);
        return _ => random.Next(5) is var rows and < 4 ? rows : null;
    }
}
