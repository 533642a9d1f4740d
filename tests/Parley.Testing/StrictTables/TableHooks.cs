namespace Parley.Testing;

/// <summary>
/// Hooks around the calls of one connection, both to the tables and foreign. All of them are optional.
/// </summary>
public sealed record TableHooks
{
    /// <summary>
    /// Awaited before each call is carried out, with the call's own cancellation. The scheduler uses it to order calls.
    /// </summary>
    public Func<TableCall, CancellationToken, ValueTask>? Before { get; init; }

    /// <summary>Decides how each call fails.</summary>
    public Func<TableCall, Fault>? Fault { get; init; }

    /// <summary>
    /// The maximum number of rows on a query's page. 0 gives an empty page with a continuation token, null leaves it to
    /// the service. A page that this limits always has a token, even when no row follows.
    /// </summary>
    public Func<TableCall, int?>? PageRows { get; init; }

    /// <summary>
    /// Called for each call that the service carried out, with the status of the response, whether or not the response
    /// arrives.
    /// </summary>
    public Action<TableCall, int>? After { get; init; }

    /// <summary>A defect of the process; null for none.</summary>
    public TableDefect? Defect { get; init; }

    /// <summary>Receives the remaining work of a <see cref="FaultSide.Late"/> call, to run it later.</summary>
    public Action<TableCall, Action>? Late { get; init; }

    /// <summary>
    /// True when a call that its caller cancelled while it waited in <see cref="Before"/> is still carried out late.
    /// </summary>
    public Func<TableCall, bool>? LandsAfterAll { get; init; }

    /// <summary>Fails only the call with this number.</summary>
    public static Func<TableCall, Fault> At(int number, Fault fault) => call => call.Number == number ? fault : Testing.Fault.None;

    /// <summary>Fails one call in <paramref name="calls"/>, chosen by the seed, with one of these faults.</summary>
    public static Func<TableCall, Fault> OneIn(int calls, int seed, IReadOnlyList<Fault> faults)
    {
        var random = new Random(seed);
        return _ => random.Next(calls) == 0 ? faults[random.Next(faults.Count)] : Testing.Fault.None;
    }

    /// <summary>Pages of 0 to 3 rows, or without a limit, chosen by the seed.</summary>
    public static Func<TableCall, int?> SmallPages(int seed)
    {
        var random = new Random(seed);
        return _ => random.Next(5) is var rows and < 4 ? rows : null;
    }
}
