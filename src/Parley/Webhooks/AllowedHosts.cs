using Microsoft.Extensions.Configuration;

namespace Parley.Webhooks;

/// <summary>
/// Hosts for which plain http and addresses that are not public are allowed: receivers on the own machine, in development and tests.
/// Exact names (or literal addresses), without wildcards: a wildcard would let in whatever its zone's owner lets resolve.
/// </summary>
public sealed class AllowedHosts
{
    /// <summary>The setting, as <c>Callbacks__AllowedHosts</c> in the environment: host names, separated by commas.</summary>
    public const string Setting = "Callbacks:AllowedHosts";

    private readonly HashSet<string> hosts;

    private AllowedHosts(IEnumerable<string> hosts) => this.hosts = new(hosts, StringComparer.OrdinalIgnoreCase);

    /// <summary>No host: what everything deployed has.</summary>
    public static AllowedHosts None { get; } = new([]);

    /// <summary>Reads the setting.</summary>
    public static AllowedHosts Read(IConfiguration configuration) => Parse(configuration[Setting]);

    /// <summary>Reads a list of hosts, separated by commas.</summary>
    public static AllowedHosts Parse(string? list) =>
        new((list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(host => host.Trim('[', ']')));

    /// <summary>Whether the URL's host is one of them.</summary>
    public bool Contains(Uri url) => hosts.Contains(url.IdnHost.Trim('[', ']'));
}
