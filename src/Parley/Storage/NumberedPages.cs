using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>A page of a list, newest first.</summary>
/// <param name="Items">The entries of the page.</param>
/// <param name="Next">The cursor of the next page; null at the end.</param>
/// <param name="Previous">The cursor of the previous page; null at the beginning.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, string? Next, string? Previous);

/// <summary>
/// Pages of a tenant's entities. Their numbers have no gaps, so a page is one range of keys: two calls, for the
/// counters and for the rows.
/// </summary>
internal static class NumberedPages
{
    /// <summary>
    /// Reads a page by its number, newest first, with two calls, and the highest number. A page past the end is empty.
    /// </summary>
    /// <param name="counter">The property of the tenant's counters that contains the highest number.</param>
    /// <param name="rowKey">Returns the row key of a number.</param>
    /// <param name="read">Converts a row.</param>
    /// <param name="page">From 1.</param>
    public static async Task<(IEnumerable<T> Items, int Last)> ReadPageAsync<T>(
        this TableClient tenants,
        TenantId tenant,
        string counter,
        Func<int, string> rowKey,
        Func<TableEntity, TenantId, T> read,
        int page,
        int pageSize,
        CancellationToken cancellation)
    {
        var counters = await tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);
        var last = counters?.GetInt32(counter) ?? 0;
        var highest = last - ((page - 1L) * pageSize);
        if (highest <= 0)
        {
            return ([], last);
        }

        var numbers = NumberPage.NewestFirst(1, (int)highest, cursor: null, pageSize);
        var rows = await tenants.ReadPageAsync(tenant.PartitionKey, rowKey, numbers, cancellation);
        return (rows.Select(row => read(row, tenant)), last);
    }

    /// <param name="cursors">Seals and opens the cursors.</param>
    /// <param name="tenants">The table Tenants.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="list">The list's name: a cursor of another list is rejected.</param>
    /// <param name="counter">The property of the tenant's counters that contains the highest number.</param>
    /// <param name="rowKey">Returns the row key of a number.</param>
    /// <param name="read">Converts a row.</param>
    /// <param name="cursor">The page's cursor; null for the newest page.</param>
    /// <param name="pageSize">Maximum entries of the page.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public static async Task<ListPage<T>> ReadPageAsync<T>(
        this Cursors cursors,
        TableClient tenants,
        TenantId tenant,
        string list,
        string counter,
        Func<int, string> rowKey,
        Func<TableEntity, TenantId, T> read,
        string? cursor,
        int pageSize,
        CancellationToken cancellation)
    {
        var position = await cursors.OpenNumberAsync(tenant, list, cursor, cancellation);
        var counters = await tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);
        var page = NumberPage.NewestFirst(1, counters?.GetInt32(counter) ?? 0, position, pageSize);
        var rows = await tenants.ReadPageAsync(tenant.PartitionKey, rowKey, page, cancellation);
        return new ListPage<T>(
            [.. rows.Select(row => read(row, tenant))],
            page.Next is { } next ? await cursors.SealNumberAsync(tenant, list, next, cancellation) : null,
            page.Previous is { } previous ? await cursors.SealNumberAsync(tenant, list, previous, cancellation) : null);
    }
}

/// <summary>
/// A page of numbers without gaps. Its cursors are numbers too, so new entries do not move the pages.
/// </summary>
/// <param name="First">The lowest number of the page.</param>
/// <param name="Last">The highest number; below <paramref name="First"/> when the page is empty.</param>
/// <param name="Next">The position of the next page; null at the end.</param>
/// <param name="Previous">The position of the previous page; null at the beginning.</param>
internal readonly record struct NumberPage(int First, int Last, int? Next, int? Previous)
{
    public int Count => Math.Max(0, Last - First + 1);

    /// <summary>A page of a list that begins with the highest number.</summary>
    /// <param name="first">The list's lowest number.</param>
    /// <param name="last">The list's highest number; below <paramref name="first"/> when the list is empty.</param>
    /// <param name="cursor">
    /// Null for the newest page. A positive cursor is the highest number of a next page; a negative one is the negated
    /// lowest number of a previous page. So no entry is repeated in either direction.
    /// </param>
    /// <param name="size">Maximum entries of the page.</param>
    public static NumberPage NewestFirst(int first, int last, int? cursor, int size)
    {
        var (bottom, top) = cursor is < 0
            ? (-cursor.Value, (int)Math.Min(last, -(long)cursor.Value + size - 1))
            : (Math.Max(first, Math.Min(last, cursor ?? last) - size + 1), Math.Min(last, cursor ?? last));
        return new NumberPage(bottom, top, bottom > first ? bottom - 1 : null, top < last ? -(top + 1) : null);
    }
}
