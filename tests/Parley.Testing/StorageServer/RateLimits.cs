namespace Parley.Testing.Storage;

/// <summary>
/// The published rates of an account ("Scalability and performance targets" for standard storage accounts, Table
/// storage and Queue storage, learn.microsoft.com). How long the service tolerates more is not documented: here the
/// work of one second may come at once.
/// </summary>
internal sealed class RateLimits(TimeProvider time)
{
    /// <summary>Requests a second to one account, of all services.</summary>
    public const int Account = 20_000;

    /// <summary>Entities a second in one partition of a table.</summary>
    public const int Partition = 2_000;

    /// <summary>Messages a second of one queue.</summary>
    public const int Queue = 2_000;

    private readonly Lock gate = new();
    private Bucket account = new(Account, 0);
    private Dictionary<(string, string), Bucket> recent = [];
    private Dictionary<(string, string), Bucket> earlier = [];
    private double turnedAt;

    /// <summary>Takes a request, and its items in a partition or queue. False, and nothing is taken, beyond a limit.</summary>
    /// <param name="resource">The table and partition, or the queue and ""; null when the items have no limit.</param>
    /// <param name="items">The number of entities or messages.</param>
    /// <param name="limit">The number of items a second.</param>
    public bool TryTake((string Name, string Partition)? resource, int items, int limit)
    {
        lock (gate)
        {
            var now = time.GetElapsedTime(0, time.GetTimestamp()).TotalSeconds;
            account = account.At(now, Account);
            if (account.Tokens < 1)
            {
                return false;
            }

            if (resource is { } key)
            {
                var bucket = Find(key, limit, now).At(now, limit);
                if (bucket.Tokens < items)
                {
                    recent[key] = bucket;
                    return false;
                }

                recent[key] = bucket with { Tokens = bucket.Tokens - items };
            }

            account = account with { Tokens = account.Tokens - 1 };
            return true;
        }
    }

    /// <summary>A bucket that was not used for a second is full again, so it need not be kept.</summary>
    private Bucket Find((string, string) key, int limit, double now)
    {
        if (now - turnedAt > 1)
        {
            (earlier, recent) = (now - turnedAt > 2 ? [] : recent, []);
            turnedAt = now;
        }

        return recent.TryGetValue(key, out var bucket) || earlier.TryGetValue(key, out bucket) ? bucket : new Bucket(limit, now);
    }

    /// <param name="Tokens">What may be taken at once.</param>
    /// <param name="Second">The time for which that is so.</param>
    private readonly record struct Bucket(double Tokens, double Second)
    {
        public Bucket At(double now, int rate) => new(Math.Min(rate, Tokens + ((now - Second) * rate)), now);
    }
}
