namespace Parley.Assistants.Completions;

/// <summary>
/// The states of one completion, shared by all followers in this process. Thread-safe. States never go back: a state
/// that is older than the latest one is dropped.
/// </summary>
/// <param name="completion">The completion as the first follower read it.</param>
internal sealed class CompletionFeed(Completion completion)
{
    private readonly Lock gate = new();
    private readonly CompletionBroadcast broadcast = new(completion);

    public Completion Latest => broadcast.Latest;

    /// <summary>The number of followers. Guarded by the lock of <see cref="CompletionFollower"/>.</summary>
    public int Followers { get; set; }

    /// <summary>
    /// Compares states of one completion by attempt, then by end, then by the producer's writes. A request to cancel
    /// and a changed score are no later state: no event depends on them.
    /// </summary>
    public static bool IsLater(Completion state, Completion than) => Order(state).CompareTo(Order(than)) > 0;

    /// <summary>Publishes a stored state, unless it is not later than the latest one.</summary>
    public void Offer(Completion state)
    {
        lock (gate)
        {
            if (IsLater(state, broadcast.Latest))
            {
                broadcast.Publish(state);
            }
        }
    }

    /// <inheritdoc cref="CompletionBroadcast.Fail"/>
    public void Fail(Exception failure) => broadcast.Fail(failure);

    /// <inheritdoc cref="CompletionBroadcast.ReadAsync"/>
    public IAsyncEnumerable<Completion> ReadAsync(CancellationToken cancellation) => broadcast.ReadAsync(cancellation);

    private static (int Attempt, bool IsEnded, int Heartbeat) Order(Completion state) =>
        (state.Attempt, state.Status == CompletionStatus.Ended, state.Heartbeat);
}
