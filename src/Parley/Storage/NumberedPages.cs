using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>A page of a list, newest first.</summary>
/// <param name="Items">The entries.</param>
/// <param name="Next">The cursor of the next page; null at the end.</param>
/// <param name="Previous">The cursor of the page before; null at the beginning.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, string? Next, string? Previous);

/// <summary>
/// Pages of a tenant's entities with dense numbers, so that a page is one range of keys: two calls, the counters and the rows.
/// </summary>
internal static class NumberedPages
{
    /// <param name="cursors">Seals and opens the cursors.</param>
    /// <param name="tenants">The table Tenants.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="list">The list's name: a cursor of another list is refused.</param>
    /// <param name="counter">The property of the tenant's counters with the highest number.</param>
    /// <param name="rowKey">The row key of a number.</param>
    /// <param name="read">Reads a row.</param>
    /// <param name="cursor">The page's cursor; null for the newest page.</param>
    /// <param name="pageSize">The most entries of a page.</param>
    /// <param name="cancellation">Cancels the calls.</param>
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

/// <summary>A page of dense numbers. Cursors are numbers too, so entries that are added move no page.</summary>
/// <param name="First">The lowest number of the page.</param>
/// <param name="Last">The highest; below <paramref name="First"/> when the page is empty.</param>
/// <param name="Next">The position of the next page; null at the end.</param>
/// <param name="Previous">The position of the page before; null at the beginning.</param>
internal readonly record struct NumberPage(int First, int Last, int? Next, int? Previous)
{
    /// <summary>How many entries it has.</summary>
    public int Count => Math.Max(0, Last - First + 1);

    /// <summary>A page of the list that begins with the highest number.</summary>
    /// <param name="first">The list's lowest number.</param>
    /// <param name="last">The list's highest number; below <paramref name="first"/> when the list is empty.</param>
    /// <param name="cursor">
    /// Null for the newest page; the highest number of a page that is walked on to; the lowest number, negative, of one that is walked
    /// back to: so neither way repeats an entry.
    /// </param>
    /// <param name="size">The most entries of a page.</param>
    public static NumberPage NewestFirst(int first, int last, int? cursor, int size)
    {
        var (bottom, top) = cursor is < 0
            ? (-cursor.Value, (int)Math.Min(last, -(long)cursor.Value + size - 1))
            : (Math.Max(first, Math.Min(last, cursor ?? last) - size + 1), Math.Min(last, cursor ?? last));
        return new NumberPage(bottom, top, bottom > first ? bottom - 1 : null, top < last ? -(top + 1) : null);
    }
}
