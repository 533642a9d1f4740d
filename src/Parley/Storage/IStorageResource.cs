namespace Parley.Storage;

/// <summary>Tables, containers or queues that the app creates when it starts.</summary>
public interface IStorageResource
{
    Task CreateIfNotExistsAsync(CancellationToken cancellation);
}
