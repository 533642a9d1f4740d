using System.Text.Json;
using Parley.Functions.Api.Responses;
using Parley.Senders;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A contact of a list, in the format of MaiAgent.</summary>
/// <param name="Name">Empty for a contact without a name: clients of MaiAgent expect a text.</param>
/// <param name="SourceId">The client's own id.</param>
/// <param name="QueryMetadata">The client's own object.</param>
public sealed record ListedContactResponse(
    Guid Id,
    string Name,
    string? Avatar,
    string? PhoneNumber,
    string? Email,
    string? SourceId,
    JsonElement? QueryMetadata,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static ListedContactResponse Of(Sender sender) => new(
        sender.Id,
        sender.Name ?? "",
        sender.Avatar,
        sender.PhoneNumber,
        sender.Email,
        sender.ExternalId,
        JsonText.Parse(sender.Metadata),
        sender.CreatedAt,
        sender.UpdatedAt);
}
