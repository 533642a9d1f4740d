using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>Permission to upload one file without an API key.</summary>
/// <param name="ExpiresAt">Seconds since 1970.</param>
/// <param name="Signature">Of the id and the end, in the letters of URLs.</param>
public sealed record UploadLink(EntityId Id, long ExpiresAt, string Signature);

/// <summary>
/// Signs the links under which clients upload files. A link is for one upload: its id is the file's, and an upload has
/// one file.
/// </summary>
public sealed class UploadLinks(Cursors signatures, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public async Task<UploadLink> CreateAsync(EntityId id, CancellationToken cancellation)
    {
        var expiresAt = (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds();
        return new UploadLink(
            id,
            expiresAt,
            await signatures.SealAsync(id.Conversation.Tenant, Signed(id, expiresAt), [], cancellation));
    }

    /// <exception cref="ParleyException"><see cref="ErrorCode.UploadLink"/>: changed or expired.</exception>
    public async Task RequireAsync(UploadLink link, CancellationToken cancellation)
    {
        try
        {
            await signatures.OpenAsync(
                link.Id.Conversation.Tenant, Signed(link.Id, link.ExpiresAt), link.Signature, cancellation);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.InvalidCursor)
        {
            throw Refused();
        }

        if (link.ExpiresAt <= time.GetUtcNow().ToUnixTimeSeconds())
        {
            throw Refused();
        }
    }

    /// <summary>The error of every link that takes no file, whatever the reason.</summary>
    public static ParleyException Refused() =>
        ErrorCode.UploadLink.With("The link has expired, was used already or is not complete. Ask for another one.");

    private static string Signed(EntityId id, long expiresAt) =>
        string.Create(CultureInfo.InvariantCulture, $"upload|{id}|{expiresAt}");
}
