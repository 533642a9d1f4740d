using System.Globalization;
using System.Text;

namespace Parley.Testing.BlobService;

/// <summary>
/// The containers and the operations on them. Requests are carried out one at a time, each atomically.
/// </summary>
internal sealed class Service(TimeProvider time)
{
    /// <summary>"List Blobs": the maximum number of blobs on a page.</summary>
    private const int MaxPage = 5_000;

    private readonly Dictionary<string, SortedDictionary<string, Blob>> containers = new(StringComparer.Ordinal);
    private long etags;

    /// <summary>The committed blobs whose names begin with the prefix, ordered by name.</summary>
    public IEnumerable<StoredBlob> Find(string container, string prefix) =>
        containers.TryGetValue(container, out var blobs)
            ? blobs.Where(blob => blob.Value.Committed is not null && blob.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(blob => blob.Value.Committed!)
            : [];

    /// <summary>A block of a blob, committed or not; null if there is none.</summary>
    public StoredBlock? FindBlock(string container, string name, string id) =>
        containers.GetValueOrDefault(container)?.GetValueOrDefault(name)?.Find(BlockSource.Latest, id);

    public ServiceResponse Execute(BlobRequest request)
    {
        if (request.Operation == BlobOperation.CreateContainer)
        {
            return containers.TryAdd(request.Container, new SortedDictionary<string, Blob>(StringComparer.Ordinal))
                ? new ServiceResponse(201)
                : ServiceResponse.Refuse(BlobError.ContainerAlreadyExists);
        }

        if (!containers.TryGetValue(request.Container, out var blobs))
        {
            return ServiceResponse.Refuse(BlobError.ContainerNotFound);
        }

        var blob = blobs.GetValueOrDefault(request.Name);
        return request.Operation switch
        {
            BlobOperation.ListBlobs => List(request),
            BlobOperation.PutBlock => PutBlock(request, blob, blobs),
            BlobOperation.PutBlockList => PutBlockList(request, blob, blobs),
            BlobOperation.CopyBlobFromUrl => Copy(request, blob, blobs),
            BlobOperation.SetBlobMetadata => SetMetadata(request, blob),
            BlobOperation.GetBlob => Get(request, blob?.Committed),
            BlobOperation.GetBlobProperties => Unless(CheckRead(request, blob?.Committed), () => new ServiceResponse(200) { Blob = blob!.Committed }),
            BlobOperation.DeleteBlob => Delete(request, blob, blobs),
            _ => throw new NotSupportedException($"StrictBlobs knows no {request.Operation}."),
        };
    }

    private ServiceResponse PutBlock(BlobRequest request, Blob? blob, SortedDictionary<string, Blob> blobs)
    {
        blob ??= new Blob();
        return Unless(blob.Stage(request.BlockId, request.Content, time.GetUtcNow()), () =>
        {
            blobs[request.Name] = blob;
            return new ServiceResponse(201);
        });
    }

    private ServiceResponse PutBlockList(BlobRequest request, Blob? blob, SortedDictionary<string, Blob> blobs)
    {
        blob ??= new Blob();
        return Unless(CheckWrite(request, blob.Committed) ?? blob.Commit(request, NextETag(), time.GetUtcNow()), () =>
        {
            etags++;
            blobs[request.Name] = blob;
            return new ServiceResponse(201) { Blob = blob.Committed };
        });
    }

    /// <summary>"Copy Blob From URL", of a blob of this account. The copy gets the headers and the metadata.</summary>
    private ServiceResponse Copy(BlobRequest request, Blob? blob, SortedDictionary<string, Blob> blobs)
    {
        blob ??= new Blob();
        var (container, name) = request.Source!.Value;
        var source = Find(container, name).FirstOrDefault(found => found.Name == name);
        return Unless(source is null ? BlobError.CannotVerifyCopySource : CheckWrite(request, blob.Committed), () =>
        {
            blob.Replace(source! with { Name = request.Name, ETag = NextETag(), CreatedAt = time.GetUtcNow(), ModifiedAt = time.GetUtcNow() });
            etags++;
            blobs[request.Name] = blob;
            return new ServiceResponse(202) { Blob = blob.Committed };
        });
    }

    private ServiceResponse SetMetadata(BlobRequest request, Blob? blob) =>
        Unless(blob?.Committed is { } there ? CheckWrite(request, there) : BlobError.BlobNotFound, () =>
        {
            blob!.Replace(blob.Committed! with
            {
                Headers = blob.Committed.Headers with { Metadata = request.Headers.Metadata },
                ETag = NextETag(),
                ModifiedAt = time.GetUtcNow(),
            });
            etags++;
            return new ServiceResponse(200) { Blob = blob.Committed };
        });

    private string NextETag() => string.Create(CultureInfo.InvariantCulture, $"0x8D{etags + 1:X12}");

    /// <summary>
    /// Deletes uncommitted blocks of the blob too. The documentation does not specify this; it is our best knowledge.
    /// </summary>
    private static ServiceResponse Delete(BlobRequest request, Blob? blob, SortedDictionary<string, Blob> blobs) =>
        Unless(blob?.Committed is { } there ? CheckWrite(request, there) : BlobError.BlobNotFound, () =>
        {
            blobs.Remove(request.Name);
            return new ServiceResponse(202);
        });

    private static ServiceResponse Get(BlobRequest request, StoredBlob? blob) => Unless(CheckRead(request, blob), () =>
    {
        if (request.Range is not { } range)
        {
            return new ServiceResponse(200) { Blob = blob, Bytes = (0, blob!.Length) };
        }

        var last = Math.Min(range.Last ?? long.MaxValue, blob!.Length - 1);
        return range.First >= blob.Length
            ? ServiceResponse.Refuse(BlobError.InvalidRange)
            : new ServiceResponse(206) { Blob = blob, Bytes = (range.First, last - range.First + 1) };
    });

    private ServiceResponse List(BlobRequest request)
    {
        if (request.MaxResults <= 0)
        {
            return ServiceResponse.Refuse(BlobError.MaxResultsOutOfRange);
        }

        // Encoded, because a marker is opaque to clients.
        var from = request.Marker is { } marker ? Encoding.UTF8.GetString(Convert.FromBase64String(marker)) : "";
        var size = Math.Min(request.MaxResults ?? MaxPage, MaxPage);
        var found = Find(request.Container, request.Prefix).Where(blob => string.CompareOrdinal(blob.Name, from) >= 0).Take(size + 1).ToList();
        var next = found.Count > size ? Convert.ToBase64String(Encoding.UTF8.GetBytes(found[size].Name)) : null;
        return new ServiceResponse(200) { Page = new BlobPage(request, found[..Math.Min(found.Count, size)], next) };
    }

    private static ServiceResponse Unless(BlobError? error, Func<ServiceResponse> otherwise) => error is null ? otherwise() : ServiceResponse.Refuse(error);

    /// <summary>"Specifying conditional headers for Blob service operations".</summary>
    private static BlobError? CheckRead(BlobRequest request, StoredBlob? blob) =>
        blob is null ? BlobError.BlobNotFound
        : request.IfMatch is { } wanted && !Fits(wanted, blob) ? BlobError.ConditionNotMet
        : request.IfNoneMatch is { } known && Fits(known, blob) ? BlobError.NotModified
        : null;

    private static BlobError? CheckWrite(BlobRequest request, StoredBlob? blob) =>
        request.IfMatch is { } wanted && !Fits(wanted, blob) ? BlobError.ConditionNotMet
        : request.IfNoneMatch is not { } other || !Fits(other, blob) ? null
        : other == BlobRequest.AnyETag ? BlobError.BlobAlreadyExists
        : BlobError.ConditionNotMet;

    private static bool Fits(string etag, StoredBlob? blob) => blob is not null && (etag == BlobRequest.AnyETag || etag == $"\"{blob.ETag}\"");
}
