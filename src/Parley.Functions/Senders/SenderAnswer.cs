using System.Text.Json;
using Parley.Functions.Http;
using Parley.Senders;

namespace Parley.Functions.Senders;

/// <summary>A sender.</summary>
public sealed record SenderAnswer(
    Guid Id,
    int Number,
    string Entity,
    string? Name,
    string? ExternalId,
    string? Identifier,
    string? Avatar,
    string? Email,
    string? PhoneNumber,
    bool Blocked,
    JsonElement? Metadata,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>The names of the entities, in the order of <see cref="SenderEntity"/>.</summary>
    public static readonly string[] Entities = ["agent", "squad", "workflow", "user", "external_user"];

    /// <summary>Shapes a stored sender.</summary>
    public static SenderAnswer Of(Sender sender) => new(
        sender.Id,
        sender.Key.Number,
        Entities[(int)sender.Entity - 1],
        sender.Name,
        sender.ExternalId,
        sender.Identifier,
        sender.Avatar,
        sender.Email,
        sender.PhoneNumber,
        sender.Blocked,
        JsonText.Parse(sender.Metadata),
        sender.CreatedAt,
        sender.UpdatedAt);
}
