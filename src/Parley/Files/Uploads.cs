using Azure.Storage.Blobs.Models;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>A file that a client uploaded to send it with a message later.</summary>
/// <param name="Id">The attachment's id until then.</param>
/// <param name="File">The file. Its type is the attachment's, which the client may have named.</param>
public sealed record Upload(EntityId Id, StoredFile File);

/// <summary>
/// Files that a tenant's clients uploaded before their messages. Each is a blob of the tenant and of no conversation,
/// with what is known of it in the blob's metadata. A message gets a copy, so that an upload may be sent more than once
/// and a message's file ends with the message. The clean-up deletes an upload after <see cref="KeptFor"/>.
/// </summary>
public sealed class Uploads(FileStore files, Schedule schedule, TimeProvider time, RandomSource random)
{
    /// <summary>The time within which an upload can be sent.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);

    /// <summary>Creates the id of an upload. Its bits beside kind and tenant are random.</summary>
    public EntityId NewId(TenantId tenant) => new(
        EntityKind.Upload,
        new ConversationKey(tenant, 1 + (int)random.NextBits(30)),
        1 + (int)random.NextBits(24),
        random.NextBits(EntityId.CheckBits));

    /// <summary>Stores a file under an id.</summary>
    /// <param name="name">The file's name, as the client sent it.</param>
    /// <returns>Null when a file was stored under the id before.</returns>
    /// <exception cref="ParleyException">As for <see cref="FileStore.UploadAsync"/>.</exception>
    public async Task<Upload?> AddAsync(EntityId id, Stream content, string name, CancellationToken cancellation)
    {
        var place = PlaceOf(id);
        var uploaded = await files.UploadAsAsync(place, content, name, id.ToGuid(), cancellation);
        await FileRows.WriteScheduleAsync(
            schedule, place, uploaded.File.Id, revision: 0, time.GetUtcNow() + KeptFor, cancellation);
        return await files.TryCommitAsync(place, uploaded, MetadataOf(uploaded.File), cancellation)
            ? new Upload(id, uploaded.File)
            : null;
    }

    /// <summary>Finds an upload with one call. Null for every other id, also of another tenant's upload.</summary>
    public async Task<Upload?> FindAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Upload, tenant, out var upload)
        && await files.PropertiesOfAsync(PlaceOf(upload), upload.ToGuid(), cancellation) is { } properties
            ? new Upload(upload, Read(upload, properties))
            : null;

    /// <summary>Changes the name and the type under which an upload is sent.</summary>
    /// <param name="name">The file's name, as the client sent it; null keeps it.</param>
    /// <param name="type">The attachment's type; null keeps it.</param>
    public async Task<Upload> ChangeAsync(Upload upload, string? name, string? type, CancellationToken cancellation)
    {
        var file = upload.File with
        {
            Name = name is null ? upload.File.Name : FileName.Clean(name),
            Type = type ?? upload.File.Type,
        };
        if (file != upload.File)
        {
            await files.SetMetadataAsync(PlaceOf(upload.Id), file.Id, MetadataOf(file), cancellation);
        }

        return upload with { File = file };
    }

    /// <summary>
    /// Copies an upload to a conversation. The clean-up deletes the copy unless a message gets it within an hour.
    /// </summary>
    /// <returns>The conversation's file; null when the upload has been deleted since it was found.</returns>
    internal async Task<StoredFile?> CopyAsync(
        Upload upload, ConversationKey conversation, CancellationToken cancellation)
    {
        var copy = upload.File with { Id = files.NewId() };
        await FileRows.WriteScheduleAsync(
            schedule, conversation, copy.Id, revision: 0, time.GetUtcNow() + FileRows.CheckAfter, cancellation);
        return await files.CopyAsync(PlaceOf(upload.Id), upload.File, conversation, copy.Id, cancellation) ? copy : null;
    }

    /// <summary>A link to the file, for an hour.</summary>
    public async ValueTask<Uri> LinkAsync(Upload upload, CancellationToken cancellation) =>
        (await files.LinksAsync(cancellation)).Of(PlaceOf(upload.Id), upload.File);

    /// <summary>No conversation has the number 0.</summary>
    private static ConversationKey PlaceOf(EntityId id) => new(id.Conversation.Tenant, 0);

    /// <summary>Metadata are headers, so the name is escaped.</summary>
    private static Dictionary<string, string> MetadataOf(StoredFile file) => new()
    {
        ["name"] = Uri.EscapeDataString(file.Name),
        ["type"] = file.Type,
    };

    private static StoredFile Read(EntityId id, BlobProperties properties) => new(
        id.ToGuid(),
        Uri.UnescapeDataString(properties.Metadata["name"]),
        properties.Metadata["type"],
        properties.ContentType,
        properties.ContentLength);
}
