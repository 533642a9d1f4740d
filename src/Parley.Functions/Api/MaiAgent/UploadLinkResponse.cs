using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Parley.Files;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A link that takes one file, in the format of MaiAgent.</summary>
/// <param name="Url">Takes the form with the file, within ten minutes, once.</param>
/// <param name="Fields">The other fields of the form.</param>
public sealed record UploadLinkResponse(string Url, UploadLinkFields Fields)
{
    public static UploadLinkResponse Of(UploadLink link, string name, HttpRequest request)
    {
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(link.ExpiresAt);
        var policy = string.Create(
            CultureInfo.InvariantCulture, $"{{\"expiration\":\"{expiresAt:yyyy-MM-ddTHH:mm:ssZ}\"}}");
        return new UploadLinkResponse(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{PublicUrl.RootOf(request)}/uploads/{link.Id}?expires={link.ExpiresAt}&signature={link.Signature}"),
            new UploadLinkFields(
                $"media/chat/attachment/{link.Id}/{name}",
                "HMAC-SHA256",
                $"{link.Id}",
                (expiresAt - UploadLinks.Lifetime).ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture),
                Convert.ToBase64String(Encoding.ASCII.GetBytes(policy)),
                link.Signature));
    }
}

/// <summary>
/// The fields of the form, which clients of MaiAgent copy. Parley reads none of them: the URL has all that it needs.
/// </summary>
/// <param name="Key">Names the file in the request that makes it an attachment.</param>
public sealed record UploadLinkFields(
    string Key,
    [property: JsonPropertyName("x-amz-algorithm")] string Algorithm,
    [property: JsonPropertyName("x-amz-credential")] string Credential,
    [property: JsonPropertyName("x-amz-date")] string Date,
    string Policy,
    [property: JsonPropertyName("x-amz-signature")] string Signature);
