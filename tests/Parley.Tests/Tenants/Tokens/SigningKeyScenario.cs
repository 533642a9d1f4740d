using Parley.Core;
using Parley.Storage;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>The checks of tokens in all runs.</summary>
internal sealed class TokenChecks
{
    public int Accepted { get; set; }

    /// <summary>Checks of an instance that did not know the key while storage failed: a 503.</summary>
    public int WithoutStorage { get; set; }
}

/// <summary>
/// Several instances issue and check tokens for some months, while keys are rolled over, storage fails, and instances
/// end between any two calls.
/// </summary>
internal sealed class SigningKeyScenario
{
    private const int Instances = 3;
    private const int Rollovers = 2;

    private readonly Simulation run;
    private readonly TokenChecks checks;
    private readonly Func<ParleyProcess, SigningKeyRotation> rotation;
    private readonly StrictTables tables;
    private readonly ParleyProcess?[] processes = new ParleyProcess?[Instances];
    private readonly TableConnection?[] connections = new TableConnection?[Instances];
    private readonly List<(string Kid, DateTimeOffset EndsAt)> issued = [];
    private readonly Dictionary<int, string> kids = [];
    private readonly List<(DateTimeOffset At, IReadOnlyList<string> Kids)> published = [];
    private readonly bool crashes;
    private DateTimeOffset outageEndsAt;
    private DateTimeOffset newestSignsFrom;

    private SigningKeyScenario(Simulation run, TokenChecks checks, Func<ParleyProcess, SigningKeyRotation> rotation)
    {
        (this.run, this.checks, this.rotation, tables) = (run, checks, rotation, new StrictTables(run.Time));
        crashes = run.Random.Next(2) == 0;
        run.CallTime = TimeSpan.FromMilliseconds(run.Random.Next(2) * 500);
    }

    /// <param name="rotation">The rotation of a process; null for that of the product.</param>
    public static async Task RunAsync(
        Simulation run, TokenChecks checks, Func<ParleyProcess, SigningKeyRotation>? rotation = null)
    {
        var scenario = new SigningKeyScenario(run, checks, rotation ?? (process => process.SigningKeyRotation));
        await new ParleyProcess(scenario.tables.Connect("setup"), run.Time, 1).Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await scenario.StepsUntilNewKeyAsync(10);
        for (var rollover = 0; rollover < Rollovers; rollover++)
        {
            // Some hours around the creation of a key, and around the time from which it signs.
            await scenario.UntilAsync(scenario.newestSignsFrom + SigningKeyRotation.SigningTime - TimeSpan.FromHours(1));
            await scenario.StepsUntilNewKeyAsync(30);
            await scenario.UntilAsync(scenario.newestSignsFrom - TimeSpan.FromHours(1));
            await scenario.StepsAsync(80, TimeSpan.FromMinutes(10));
            scenario.outageEndsAt = run.Time.GetUtcNow();
            await scenario.StepsAsync(10, TimeSpan.FromMinutes(20));
        }

        if (scenario.issued.Select(token => token.Kid).Distinct().Count() <= Rollovers)
        {
            throw new InvalidOperationException("Some key has signed nothing.");
        }
    }

    private async Task UntilAsync(DateTimeOffset time)
    {
        if (time > run.Time.GetUtcNow())
        {
            await Task.Delay(time - run.Time.GetUtcNow(), run.Time);
        }
    }

    /// <summary>An outage may delay the key.</summary>
    private async Task StepsUntilNewKeyAsync(int count)
    {
        var known = newestSignsFrom;
        do
        {
            await StepsAsync(count, TimeSpan.FromMinutes(20));
        }
        while (newestSignsFrom == known);
    }

    /// <summary>In each step all instances do something at once. Meanwhile some time passes.</summary>
    private async Task StepsAsync(int count, TimeSpan longest)
    {
        for (var step = 0; step < count; step++)
        {
            if (run.Random.Next(30) == 0)
            {
                outageEndsAt = run.Time.GetUtcNow() + TimeSpan.FromMinutes(run.Random.Next(100));
            }

            await Task.WhenAll(Enumerable.Range(0, Instances).Select(ActAsync));
            await Task.Delay(longest * (run.Random.NextDouble() * run.Random.NextDouble()), run.Time);
        }
    }

    private async Task ActAsync(int instance)
    {
        var process = Process(instance);
        try
        {
            if (run.Random.Next(3) == 0)
            {
                await rotation(process).RunAsync(CancellationToken.None);
            }

            await IssueAsync(process);
            await ListAsync(process);
            await CheckAsync(process);
        }
        catch (CrashException)
        {
            processes[instance] = null;
        }
        catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, CancellationToken.None) || IsUnavailable(e))
        {
            // A failed timer runs again later; a client gets a 503.
        }
    }

    private async Task IssueAsync(ParleyProcess process)
    {
        var token = (await process.IssueAsync()).Read();
        var now = run.Time.GetUtcNow();
        issued.Add((token.Kid, new DateTimeOffset(token.ValidTo, TimeSpan.Zero)));
        var unpublished = published.FirstOrDefault(one => one.At >= now - TimeSpan.FromHours(23) && !one.Kids.Contains(token.Kid));
        if (token.Kid != kids.GetValueOrDefault(1) && unpublished.Kids is not null)
        {
            throw new InvalidOperationException($"{token.Kid} signs, but was not published at {unpublished.At:O}.");
        }
    }

    private async Task ListAsync(ParleyProcess process)
    {
        var keys = await process.SigningKeys.ListAsync(CancellationToken.None);
        foreach (var key in keys)
        {
            if (kids.TryGetValue(key.Number, out var kid) && kid != key.Kid)
            {
                throw new InvalidOperationException($"There are two keys with the number {key.Number}.");
            }

            kids[key.Number] = key.Kid;
            newestSignsFrom = key.SignsFrom > newestSignsFrom ? key.SignsFrom : newestSignsFrom;
        }

        published.Add((run.Time.GetUtcNow(), [.. keys.Select(key => key.Kid)]));
    }

    private async Task CheckAsync(ParleyProcess process)
    {
        foreach (var kid in issued.Where(token => token.EndsAt > run.Time.GetUtcNow()).Select(token => token.Kid).Distinct().ToList())
        {
            try
            {
                if (await process.FindAsync(kid) is null && issued.Exists(token => token.Kid == kid && token.EndsAt > run.Time.GetUtcNow()))
                {
                    throw new InvalidOperationException($"A good token of {kid} is refused.");
                }

                checks.Accepted++;
            }
            catch (ParleyException e) when (IsUnavailable(e))
            {
                checks.WithoutStorage++;
            }
        }
    }

    private static bool IsUnavailable(Exception e) =>
        e is ParleyException known && known.Code == ErrorCode.StorageUnavailable;

    private ParleyProcess Process(int instance)
    {
        if (processes[instance] is { } living && !connections[instance]!.IsDead)
        {
            return living;
        }

        connections[instance] = run.Connect(tables, $"p{instance}", new TableHooks { Fault = FaultOf });
        return processes[instance] = new ParleyProcess(connections[instance]!, run.Time, run.Seed);
    }

    private Fault FaultOf(TableCall call)
    {
        var isOutage = run.Time.GetUtcNow() < outageEndsAt;
        return isOutage || run.Random.Next(15) == 0 ? Fault.Unanswered[run.Random.Next(Fault.Unanswered.Count)]
            : crashes && run.Random.Next(15) == 0 ? CrashExploration.CrashesAndLateCalls[run.Random.Next(3)]
            : Fault.None;
    }
}
