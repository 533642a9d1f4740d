using Parley.Senders;

namespace Parley.Functions.Api.Zaia;

/// <summary>The names of senders' kinds in Zaia: plural, with hyphens.</summary>
internal static class SenderEntities
{
    public static string NameOf(SenderEntity entity) => entity switch
    {
        SenderEntity.Agent => "agents",
        SenderEntity.Squad => "squads",
        SenderEntity.Workflow => "workflows",
        SenderEntity.User => "users",
        SenderEntity.ExternalUser => "external-users",
        _ => throw new ArgumentOutOfRangeException(nameof(entity), entity, "There is no such kind."),
    };
}
