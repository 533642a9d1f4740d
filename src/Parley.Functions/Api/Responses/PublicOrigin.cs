using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Functions.Api.Responses;

/// <summary>The origin of links in responses, for an app behind a gateway that has an address of its own.</summary>
/// <param name="Value">An origin such as <c>https://api.example.com</c>; null for the origin of each request.</param>
public sealed record PublicOrigin(string? Value)
{
    /// <summary>The setting. The environment variable is <c>Parley__PublicOrigin</c>.</summary>
    public const string Setting = "Parley:PublicOrigin";

    /// <exception cref="StartUpException">The setting is not an http or https origin.</exception>
    public static PublicOrigin Read(IConfiguration configuration) => configuration[Setting] switch
    {
        null or "" => new PublicOrigin(Value: null),
        var text when WebOrigin.IsHttp(text) => new PublicOrigin(text),
        _ => throw new StartUpException(
            "Parley__PublicOrigin must be http:// or https://, a host in lower case and, unless it is the scheme's "
            + "default, a port, without a path: https://api.example.com, for example."),
    };
}
