using Microsoft.Extensions.Configuration;

namespace Parley.Webhooks;

/// <summary>
/// Hosts for which plain http and non-public addresses are allowed, for receivers on the same machine in development
/// and tests. An entry is an exact name or a literal address. There are no wildcards, because a wildcard would allow
/// every name that the owner of the DNS zone adds.
/// </summary>
public sealed class AllowedHosts
{
    /// <summary>
    /// The setting: host names, separated by commas. The environment variable is <c>Callbacks__AllowedHosts</c>.
    /// </summary>
    public const string Setting = "Callbacks:AllowedHosts";

    private readonly HashSet<string> hosts;

    private AllowedHosts(IEnumerable<string> hosts) => this.hosts = new(hosts, StringComparer.OrdinalIgnoreCase);

    /// <summary>No allowed host, as in every deployment.</summary>
    public static AllowedHosts None { get; } = new([]);

    public static AllowedHosts Read(IConfiguration configuration) => Parse(configuration[Setting]);

    /// <summary>Parses a list of hosts, separated by commas.</summary>
    public static AllowedHosts Parse(string? list) =>
        new((list ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(host => host.Trim('[', ']')));

    /// <summary>True when the URL's host is in the list.</summary>
    public bool Contains(Uri url) => hosts.Contains(url.IdnHost.Trim('[', ']'));
}
