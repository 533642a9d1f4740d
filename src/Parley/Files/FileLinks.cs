using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;
using Parley.Core;

namespace Parley.Files;

/// <summary>
/// Makes links to files, without a call to storage: all that <see cref="FileStore.LinksAsync"/> made, which end at one time. Not kept
/// longer than one answer needs them.
/// </summary>
public sealed class FileLinks
{
    private readonly BlobContainerClient container;
    private readonly UserDelegationKey? key;

    /// <summary>Links into a container.</summary>
    /// <param name="container">Signs with the account's key when there is no other.</param>
    /// <param name="key">Signs when the container's client has no account key; it must outlast the links.</param>
    /// <param name="expiresOn">When the links end.</param>
    internal FileLinks(BlobContainerClient container, UserDelegationKey? key, DateTimeOffset expiresOn)
    {
        this.container = container;
        this.key = key;
        ExpiresOn = expiresOn;
    }

    /// <summary>When the links end. A signature has whole seconds, so they may end up to one second sooner.</summary>
    public DateTimeOffset ExpiresOn { get; }

    /// <summary>A link that reads this one file and can do nothing else. Who has it needs no API key.</summary>
    /// <param name="conversation">The conversation that the file belongs to; one of another conversation has a link that finds nothing.</param>
    /// <param name="file">A committed file.</param>
    public Uri Of(ConversationKey conversation, StoredFile file) => Of(FileStore.BlobName(conversation, file.Id));

    /// <summary>A link that reads one blob of the container and can do nothing else.</summary>
    internal Uri Of(string blobName)
    {
        var blob = container.GetBlobClient(blobName);
        var sas = new BlobSasBuilder(BlobSasPermissions.Read, ExpiresOn)
        {
            BlobContainerName = container.Name,
            BlobName = blob.Name,
            Resource = "b",
            // Azurite listens without TLS. No start time: one by our clock might be in the future by storage's.
            Protocol = blob.Uri.Scheme == Uri.UriSchemeHttps ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
        };
        return key is null
            ? blob.GenerateSasUri(sas)
            : new BlobUriBuilder(blob.Uri) { Sas = sas.ToSasQueryParameters(key, container.AccountName) }.ToUri();
    }
}
