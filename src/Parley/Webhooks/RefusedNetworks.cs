using System.Net;
using System.Net.Sockets;

namespace Parley.Webhooks;

/// <summary>
/// The networks that webhooks must not be sent to. Only public addresses are allowed, so that a client cannot make
/// Parley call a server that only Parley can reach. Source: the IANA special-purpose address registries (RFC 6890;
/// iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry).
/// </summary>
public static class RefusedNetworks
{
    private static readonly IPNetwork[] Ipv4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), // "this network", and the same host (RFC 791, section 3.2)
        IPNetwork.Parse("10.0.0.0/8"), // private (RFC 1918)
        IPNetwork.Parse("100.64.0.0/10"), // shared between carriers and their customers (RFC 6598)
        IPNetwork.Parse("127.0.0.0/8"), // loopback (RFC 1122, section 3.2.1.3)
        IPNetwork.Parse("168.63.129.16/32"), // Azure's platform: public, but served by the VM's host (Microsoft Learn)
        IPNetwork.Parse("169.254.0.0/16"), // link-local (RFC 3927): clouds serve metadata and credentials here
        IPNetwork.Parse("172.16.0.0/12"), // private (RFC 1918)
        IPNetwork.Parse("192.0.0.0/24"), // protocol assignments (RFC 6890, section 2.1)
        IPNetwork.Parse("192.0.2.0/24"), // documentation (RFC 5737)
        IPNetwork.Parse("192.88.99.0/24"), // 6to4 relays, deprecated (RFC 7526)
        IPNetwork.Parse("192.168.0.0/16"), // private (RFC 1918)
        IPNetwork.Parse("198.18.0.0/15"), // benchmarks (RFC 2544)
        IPNetwork.Parse("198.51.100.0/24"), // documentation (RFC 5737)
        IPNetwork.Parse("203.0.113.0/24"), // documentation (RFC 5737)
        IPNetwork.Parse("224.0.0.0/4"), // multicast (RFC 5771)
        IPNetwork.Parse("240.0.0.0/4"), // reserved (RFC 1112, section 4), and broadcast (RFC 919)
    ];

    // All IPv6 addresses that are assigned as global unicast (RFC 4291, section 2.4). Not in this range, and so
    // refused: loopback and unspecified; IPv4-mapped, IPv4-compatible and IPv4-translated; NAT64 (64:ff9b::/96, RFC
    // 6052; 64:ff9b:1::/48, RFC 8215); discard (100::/64, RFC 6666); SRv6 SIDs (5f00::/16, RFC 9602); unique local
    // (fc00::/7, RFC 4193, with the metadata address fd00:ec2::254); link-local; site-local; multicast.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] RefusedGlobalUnicast =
    [
        // protocol assignments (RFC 2928): Teredo 2001::/32, benchmarks 2001:2::/48, ORCHID 2001:10::/28 and
        // 2001:20::/28
        IPNetwork.Parse("2001::/23"),
        IPNetwork.Parse("2001:db8::/32"), // documentation (RFC 3849)
        IPNetwork.Parse("2002::/16"), // 6to4: contains an IPv4 address (RFC 3056)
        IPNetwork.Parse("3fff::/20"), // documentation (RFC 9637)
    ];

    /// <summary>True when webhooks may be sent to the address: it is known to be public.</summary>
    public static bool IsPublic(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Ipv4.Any(network => network.Contains(address)),

        // IPv4-mapped addresses are refused before the test with IPNetwork: IPNetwork finds some of them, such as
        // ::ffff:10.0.0.1, in 2000::/3.
        AddressFamily.InterNetworkV6 when address.IsIPv4MappedToIPv6 => false,

        // A zone binds even a global address to one interface (RFC 4007).
        AddressFamily.InterNetworkV6 => address.ScopeId == 0
            && GlobalUnicast.Contains(address)
            && !RefusedGlobalUnicast.Any(network => network.Contains(address))
            && !IsIsatap(address),
        _ => false,
    };

    // An ISATAP interface identifier contains an IPv4 address, in any network (RFC 5214, section 6.1).
    private static bool IsIsatap(IPAddress address) =>
        address.GetAddressBytes() is [_, _, _, _, _, _, _, _, 0x00 or 0x02, 0x00, 0x5e, 0xfe, ..];
}
