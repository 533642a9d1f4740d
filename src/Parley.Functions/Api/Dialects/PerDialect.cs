using Parley.Tenants;

namespace Parley.Functions.Api.Dialects;

/// <summary>
/// One value for each dialect, such as the handlers of a resource. A dialect whose API does not describe the resource
/// has Parley's.
/// </summary>
/// <param name="parley">The value of Parley's dialect.</param>
public sealed class PerDialect<T>(T parley)
{
    public T Parley { get; } = parley;

    public T Flextell { get; init; } = parley;

    public T Maiagent { get; init; } = parley;

    public T Zaia { get; init; } = parley;

    public T this[Dialect dialect] => dialect switch
    {
        Dialect.Flextell => Flextell,
        Dialect.Maiagent => Maiagent,
        Dialect.Zaia => Zaia,
        _ => Parley,
    };
}
