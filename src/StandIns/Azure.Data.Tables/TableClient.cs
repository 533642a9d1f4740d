using Azure.Core;
using Azure.Data.Tables.Models;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>
/// One table. Every call that the service refuses throws <see cref="RequestFailedException"/> with its Status and ErrorCode, after
/// the retries of <see cref="ClientOptions.Retry"/>. This stand-in reads and writes <see cref="TableEntity"/> only; another type
/// is a <see cref="NotSupportedException"/>.
/// </summary>
public class TableClient
{
    private readonly TableService _service;
    private readonly TableRequests _requests;

    /// <summary>For mocking.</summary>
    protected TableClient()
    {
    }

    /// <summary>Uses a connection string; see <see cref="TableServiceClient(string, TableClientOptions)"/>.</summary>
    public TableClient(string connectionString, string tableName, TableClientOptions options = null)
        : this(TableService.FromConnectionString(connectionString, options), tableName)
    {
    }

    internal TableClient(TableService service, string tableName)
    {
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        Name = tableName;
        _service = service;
        _requests = new TableRequests(service, tableName);
    }

    /// <summary>The table's name.</summary>
    public virtual string Name { get; }

    /// <summary>The account's name.</summary>
    public virtual string AccountName => _service.AccountName;

    /// <summary>The table's address.</summary>
    public virtual Uri Uri => new(_requests.TableAddress);

    /// <summary>Writes a filter: the values of an interpolated string become quoted and escaped literals.</summary>
    /// <exception cref="ArgumentException">A value's type has no literal.</exception>
    public static string CreateQueryFilter(FormattableString filter) => QueryFilter.Create(filter);

    /// <summary>Creates the table. When it exists the raw response has status 409.</summary>
    public virtual async Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default)
    {
        using var message = _requests.CreateTable();
        var response = await _service.SendAsync(message, cancellationToken);
        if (response.Status is not (201 or 204))
        {
            var refusal = new RequestFailedException(response);
            if (refusal.Status != 409 || refusal.ErrorCode == "TableBeingDeleted")
                throw refusal;
        }

        return Response.FromValue(new TableItem(Name), response);
    }

    /// <summary>Deletes the table with all that is in it. When there is none the response has status 404.</summary>
    public virtual async Task<Response> DeleteAsync(CancellationToken cancellationToken = default)
    {
        using var message = _requests.DeleteTable();
        return Accept(await _service.SendAsync(message, cancellationToken), 204, 404);
    }

    /// <summary>Inserts a row; 409 when it exists. The response's ETag is the row's.</summary>
    public virtual async Task<Response> AddEntityAsync<T>(T entity, CancellationToken cancellationToken = default) where T : ITableEntity
    {
        using var message = _requests.Insert(TableRequests.Checked(entity));
        return Accept(await _service.SendAsync(message, cancellationToken), 201, 204);
    }

    /// <summary>Reads a row, or the properties that <paramref name="select"/> names; 404 when there is none.</summary>
    public virtual async Task<Response<T>> GetEntityAsync<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        CheckType(typeof(T));
        using var message = _requests.Get(partitionKey, rowKey, select, mayBeMissing: false);
        var response = Accept(await _service.SendAsync(message, cancellationToken), 200, 200);
        return Response.FromValue((T)(object)EntityReader.ReadEntity(response.Content.ToMemory().Span), response);
    }

    /// <summary>Reads a row as <see cref="GetEntityAsync"/> does; without a value when there is no such row or table.</summary>
    public virtual async Task<NullableResponse<T>> GetEntityIfExistsAsync<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        CheckType(typeof(T));
        using var message = _requests.Get(partitionKey, rowKey, select, mayBeMissing: true);
        var response = Accept(await _service.SendAsync(message, cancellationToken), 200, 404);
        if (response.Status == 404)
            return new NoValueResponse<T>(response);
        return Response.FromValue((T)(object)EntityReader.ReadEntity(response.Content.ToMemory().Span), response);
    }

    /// <summary>
    /// Updates a row that exists; 404 when it does not, 412 when its ETag is not <paramref name="ifMatch"/>, which
    /// <see cref="ETag.All"/> always is. The response's ETag is the row's new one.
    /// </summary>
    /// <exception cref="ArgumentException">There is no <paramref name="ifMatch"/>.</exception>
    public virtual async Task<Response> UpdateEntityAsync<T>(
        T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity
    {
        if (ifMatch == default)
            throw new ArgumentException("Value cannot be empty.", nameof(ifMatch));
        using var message = _requests.Update(TableRequests.Checked(entity), ifMatch, mode);
        return Accept(await _service.SendAsync(message, cancellationToken), 204, 204);
    }

    /// <summary>Inserts a row, or updates the one that exists. The response's ETag is the row's new one.</summary>
    public virtual async Task<Response> UpsertEntityAsync<T>(
        T entity, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity
    {
        using var message = _requests.Update(TableRequests.Checked(entity), default, mode);
        return Accept(await _service.SendAsync(message, cancellationToken), 204, 204);
    }

    /// <summary>Deletes a row; see <see cref="DeleteEntityAsync(string, string, ETag, CancellationToken)"/>.</summary>
    public virtual Task<Response> DeleteEntityAsync(ITableEntity entity, ETag ifMatch = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return DeleteEntityAsync(entity.PartitionKey, entity.RowKey, ifMatch, cancellationToken);
    }

    /// <summary>
    /// Deletes a row; 412 when its ETag is not <paramref name="ifMatch"/>. Without one it goes whatever it is.
    /// When there is no such row the response has status 404.
    /// </summary>
    public virtual async Task<Response> DeleteEntityAsync(
        string partitionKey, string rowKey, ETag ifMatch = default, CancellationToken cancellationToken = default)
    {
        using var message = _requests.Delete(partitionKey, rowKey, ifMatch);
        return Accept(await _service.SendAsync(message, cancellationToken), 204, 404);
    }

    /// <summary>
    /// Reads rows in key order, all of them when there is no filter. A page has up to <paramref name="maxPerPage"/> rows, at most
    /// 1,000, and may be empty with more to come. A filter has up to 15 comparisons.
    /// </summary>
    public virtual AsyncPageable<T> QueryAsync<T>(
        string filter = null, int? maxPerPage = null, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity
    {
        CheckType(typeof(T));
        return new QueryPages<T>(_service, _requests, filter, maxPerPage, select, cancellationToken);
    }

    /// <summary>
    /// Does all of the operations or none: 1 to 100 of them, on different rows of one partition, 4 MiB together. One response for
    /// each, in their order, with the row's new ETag.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are no operations.</exception>
    /// <exception cref="TableTransactionFailedException">The service refused one of them.</exception>
    public virtual async Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
        IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transactionActions);
        using var message = _requests.Batch(transactionActions, out var count);
        var response = Accept(await _service.SendAsync(message, cancellationToken), 202, 202);
        return Response.FromValue(BatchReader.Read(response, count), response);
    }

    private static Response Accept(Response response, int status, int other) =>
        response.Status == status || response.Status == other ? response : throw new RequestFailedException(response);

    private static void CheckType(Type type)
    {
        if (type != typeof(TableEntity))
            throw new NotSupportedException($"This stand-in for Azure.Data.Tables reads TableEntity only, not {type}.");
    }
}
