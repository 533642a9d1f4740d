namespace Parley.Storage;

/// <summary>Tables, a container or queues that the app creates when it starts.</summary>
public interface IStorageResource
{
    /// <summary>Creates what is missing.</summary>
    Task CreateIfNotExistsAsync(CancellationToken cancellation);
}
