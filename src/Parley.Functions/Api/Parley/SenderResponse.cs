using System.Text.Json;
using Parley.Core;
using Parley.Functions.Api.Responses;
using Parley.Senders;

namespace Parley.Functions.Api.Parley;

public sealed record SenderResponse(
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
    public static SenderResponse Of(Sender sender) => new(
        sender.Id,
        sender.Key.Number,
        EnumNames.Of(sender.Entity),
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
