using System.Runtime.CompilerServices;

namespace Azure.Data.Tables.Wire;

/// <summary>The pages of a query, each asked for when the one before was used.</summary>
internal sealed class QueryPages<T>(
    TableService service, TableRequests requests, string filter, int? maxPerPage, IEnumerable<string> select, CancellationToken cancellationToken)
    : AsyncPageable<T>(cancellationToken)
    where T : class, ITableEntity
{
    private readonly string _select = select == null ? null : string.Join(',', select);

    public override IAsyncEnumerable<Page<T>> AsPages(string continuationToken = null, int? pageSizeHint = null) =>
        ReadAsync(continuationToken, pageSizeHint ?? maxPerPage, CancellationToken);

    private async IAsyncEnumerable<Page<T>> ReadAsync(string continuation, int? size, [EnumeratorCancellation] CancellationToken cancellation)
    {
        do
        {
            var page = await ReadPageAsync(continuation, size, cancellation);
            continuation = page.ContinuationToken;
            yield return page;
        }
        while (!string.IsNullOrEmpty(continuation));
    }

    private async Task<Page<T>> ReadPageAsync(string continuation, int? size, CancellationToken cancellation)
    {
        using var message = requests.Query(filter, _select, size, continuation);
        var response = await service.SendAsync(message, cancellation);
        if (response.Status != 200)
            throw new RequestFailedException(response);

        var rows = (IReadOnlyList<T>)(object)EntityReader.ReadEntities(response.Content.ToMemory().Span);
        var hasPartition = response.Headers.TryGetValue("x-ms-continuation-NextPartitionKey", out var partition);
        var hasRow = response.Headers.TryGetValue("x-ms-continuation-NextRowKey", out var row);
        return Page<T>.FromValues(rows, hasPartition || hasRow ? $"{partition} {row}" : null, response);
    }
}
