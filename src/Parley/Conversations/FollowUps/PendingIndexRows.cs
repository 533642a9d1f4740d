namespace Parley.Conversations.FollowUps;

/// <summary>
/// The index rows of one write, which may take several tries: those of tries that lost are dropped in the end.
/// </summary>
internal sealed class PendingIndexRows(FollowUpIndex index)
{
    private readonly List<IndexedFollowUp> written = [];
    private int earlier;

    /// <summary>Whether the last try that began is stored.</summary>
    public bool IsStored { get; set; }

    /// <summary>A try begins: those before it have lost.</summary>
    public void Begin() => earlier = written.Count;

    /// <summary>Before the try is sent: the rows of the revisions that it is to make.</summary>
    public Task WriteAsync(IReadOnlyCollection<IndexedFollowUp> added, CancellationToken cancellation)
    {
        written.AddRange(added);
        return index.WriteAsync(added, cancellation);
    }

    /// <summary>After the write: nothing to do when its first try was stored.</summary>
    public Task EndAsync() => (IsStored ? earlier : written.Count) > 0 ? index.DropLostAsync(written) : Task.CompletedTask;
}
