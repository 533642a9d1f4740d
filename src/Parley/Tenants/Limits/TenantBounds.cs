namespace Parley.Tenants.Limits;

/// <summary>The bounds on what this instance does at once for one tenant.</summary>
public sealed class TenantBounds(BoundOptions options, TimeProvider time)
{
    /// <summary>Completions that this instance produces, also those whose client has disconnected.</summary>
    public TenantBound RunningCompletions { get; } =
        new("tenant-running-completions", "completions run", options.RunningCompletions, time);

    /// <summary>Requests that wait for a completion, streamed or not, except those that cancel it.</summary>
    public TenantBound Listeners { get; } =
        new("tenant-listeners", "requests wait for completions", options.Listeners, time);

    public TenantBound Uploads { get; } = new("tenant-uploads", "files are uploaded", options.Uploads, time);

    public TenantBound Downloads { get; } = new("tenant-downloads", "files are downloaded", options.Downloads, time);
}
