namespace Parley.Testing;

/// <summary>Settings of a <see cref="StorageServer"/>. They may change while it runs.</summary>
public sealed record StorageServerOptions
{
    /// <summary>The median time from a request's arrival to its response; zero for no delay.</summary>
    public TimeSpan P50 { get; init; }

    /// <summary>The time that one of a hundred requests exceeds; not less than <see cref="P50"/>.</summary>
    public TimeSpan P99 { get; init; }

    /// <summary>True when the server refuses requests beyond the published limits.</summary>
    public bool IsLimited { get; init; } = true;

    /// <summary>The times that the cloud's service is taken to have: 10 ms, and 40 ms for one of a hundred.</summary>
    public static StorageServerOptions Cloud { get; } = new() { P50 = TimeSpan.FromMilliseconds(10), P99 = TimeSpan.FromMilliseconds(40) };

    /// <summary>No delay and no limits.</summary>
    public static StorageServerOptions Fast { get; } = new() { IsLimited = false };
}
