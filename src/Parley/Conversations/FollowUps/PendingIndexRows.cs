namespace Parley.Conversations.FollowUps;

/// <summary>
/// The index rows of one write, which may take several attempts. At the end, the rows of lost attempts are deleted.
/// </summary>
internal sealed class PendingIndexRows(FollowUpIndex index)
{
    private readonly List<IndexedFollowUp> written = [];
    private int earlier;

    /// <summary>True when the last attempt is stored.</summary>
    public bool IsStored { get; set; }

    /// <summary>Starts an attempt. All attempts before it have lost.</summary>
    public void Begin() => earlier = written.Count;

    /// <summary>Writes the index rows of the revisions that the attempt will create. Runs before the attempt.</summary>
    public Task WriteAsync(IReadOnlyCollection<IndexedFollowUp> added, CancellationToken cancellation)
    {
        written.AddRange(added);
        return index.WriteAsync(added, cancellation);
    }

    /// <summary>Runs after the write. It has nothing to do when the first attempt was stored.</summary>
    public Task EndAsync() =>
        (IsStored ? earlier : written.Count) > 0 ? index.DropLostAsync(written) : Task.CompletedTask;
}
