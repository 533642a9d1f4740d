using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;
using Parley.Core;

namespace Parley.Files;

/// <summary>
/// Creates links to files, without a storage call. All links of one instance, from <see cref="FileStore.LinksAsync"/>,
/// end at the same time, so use an instance for one response only.
/// </summary>
public sealed class FileLinks
{
    private readonly BlobContainerClient container;
    private readonly UserDelegationKey? key;

    /// <param name="container">Signs with the account's key when <paramref name="key"/> is null.</param>
    /// <param name="key">Signs when the container's client has no account key; it must outlive the links.</param>
    internal FileLinks(BlobContainerClient container, UserDelegationKey? key, DateTimeOffset expiresOn)
    {
        this.container = container;
        this.key = key;
        ExpiresOn = expiresOn;
    }

    /// <summary>
    /// The time at which the links end. A signature has whole seconds, so they may end up to one second earlier.
    /// </summary>
    public DateTimeOffset ExpiresOn { get; }

    /// <summary>Creates a link that can only read this file. A client with the link needs no API key.</summary>
    /// <param name="conversation">
    /// The conversation that the file belongs to. For a file of another conversation, the link finds no blob.
    /// </param>
    /// <param name="file">A committed file.</param>
    public Uri Of(ConversationKey conversation, StoredFile file) =>
        Of(FileStore.BlobName(conversation, file.Id), FileDisposition.IsShown(file) ? null : FileDisposition.Of(file));

    /// <summary>Creates a link that can only read this blob of the container.</summary>
    /// <param name="blobName">The name of the blob.</param>
    /// <param name="disposition">
    /// Replaces the Content-Disposition of the blob, which an earlier version may have committed as inline.
    /// </param>
    internal Uri Of(string blobName, string? disposition = null)
    {
        var blob = container.GetBlobClient(blobName);
        var sas = new BlobSasBuilder(BlobSasPermissions.Read, ExpiresOn)
        {
            BlobContainerName = container.Name,
            BlobName = blob.Name,
            Resource = "b",
            ContentDisposition = disposition,

            // Azurite listens without TLS. No start time: one by this app's clock could be in the future for storage.
            Protocol = blob.Uri.Scheme == Uri.UriSchemeHttps ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
        };
        return key is null
            ? blob.GenerateSasUri(sas)
            : new BlobUriBuilder(blob.Uri) { Sas = sas.ToSasQueryParameters(key, container.AccountName) }.ToUri();
    }
}
