using System.Buffers.Binary;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Senders;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Selects the conversations of a list; null selects all.</summary>
/// <param name="Contact">A sender's id, as the client sent it.</param>
public sealed record ConversationFilter(Guid? Inbox, string? Contact);

/// <summary>A page of conversations, by activity.</summary>
/// <param name="Next">The cursor of the next page, or null.</param>
/// <param name="Previous">The cursor of the previous page, or null.</param>
public sealed record ConversationPage(IReadOnlyList<Conversation> Conversations, string? Next, string? Previous);

/// <summary>
/// Lists conversations by the minute of their last activity, newest first. List rows are hints, heads are
/// authoritative: a row whose head has another minute is skipped. It is deleted once it is too old to belong to a head
/// that is still being written.
/// </summary>
public sealed class ConversationList(
    ParleyTables tables,
    ConversationReader reader,
    SenderReader senders,
    Cursors cursors,
    TimeProvider time)
{
    /// <summary>
    /// The number of earlier pages that a cursor contains. It needs them because Table Storage reads in one direction
    /// only.
    /// </summary>
    private const int MaxBack = 100;

    /// <summary>The bytes of one position in a cursor: minute and number, four each.</summary>
    private const int PositionLength = 8;

    /// <summary>
    /// Reads a page: one concurrent call for each partition of the lists, then one for each conversation.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ConversationPage> ReadAsync(
        TenantId tenant, ConversationFilter filter, string? cursor, int pageSize, CancellationToken cancellation)
    {
        var query = $"conversations|{filter.Inbox:N}|{filter.Contact}";
        var starts = cursor is null ? [] : await cursors.OpenAsync(tenant, query, cursor, cancellation);
        if (await ListOfAsync(tenant, filter, cancellation) is not { } list)
        {
            return new ConversationPage([], null, null);
        }

        var (found, last) = await WalkAsync(tenant, list, After(list, starts), filter, pageSize, cancellation);
        return new ConversationPage(
            found,
            last is null ? null : await cursors.SealAsync(tenant, query, Append(starts, last), cancellation),
            starts.Length == 0
                ? null
                : await cursors.SealAsync(tenant, query, starts[..^PositionLength], cancellation));
    }

    /// <summary>Returns the key prefix of the list; null when the contact does not exist.</summary>
    private async Task<string?> ListOfAsync(TenantId tenant, ConversationFilter filter, CancellationToken cancellation)
    {
        if (filter.Contact is not { } id)
        {
            return filter.Inbox is { } inbox
                ? ConversationRowKeys.InboxActivityList(inbox)
                : ConversationRowKeys.ActivityList;
        }

        var contact = EntityRef.TryParse<SenderKey>(id, tenant, out var reference)
            ? await senders.FindAsync(reference, cancellation)
            : null;
        return contact is null ? null : ConversationRowKeys.ContactActivityList(contact.Key.Number);
    }

    /// <returns>The conversations, and the key of the last row read when more rows follow it.</returns>
    private async Task<(List<Conversation> Found, string? Last)> WalkAsync(
        TenantId tenant,
        string list,
        string after,
        ConversationFilter filter,
        int pageSize,
        CancellationToken cancellation)
    {
        var found = new List<Conversation>(pageSize);
        string? last = null;
        await using var rows = ConversationListRows
            .ReadAsync(tables, tenant, FilterOf, pageSize + 1, cancellation)
            .GetAsyncEnumerator(cancellation);
        var more = await rows.MoveNextAsync();
        while (more && found.Count < pageSize)
        {
            var batch = new List<TableEntity>(pageSize);
            while (more && batch.Count < pageSize - found.Count)
            {
                batch.Add(rows.Current);
                more = await rows.MoveNextAsync();
            }

            last = batch[^1].RowKey;
            var heads = await Task.WhenAll(batch.Select(row => FindAsync(tenant, row, cancellation)));

            // A conversation that moves during these reads can match through both its old and its new row.
            found.AddRange(heads.OfType<Conversation>().DistinctBy(head => head.Key));
        }

        return (found, more ? last : null);

        string FilterOf(string partition)
        {
            var between = Filters.Between(partition, after, KeyParts.EndOf(list));
            return filter is { Contact: not null, Inbox: { } inbox }
                ? Filters.And(between, TableClient.CreateQueryFilter($"Inbox eq {inbox}"))
                : between;
        }
    }

    /// <summary>The conversation of a list row; null, and the row may be deleted, when it has moved on.</summary>
    internal async Task<Conversation?> FindAsync(TenantId tenant, TableEntity row, CancellationToken cancellation)
    {
        var (minute, number) = ConversationRowKeys.ReadActivity(row.RowKey);
        var conversation = await reader.FindAsync(new ConversationKey(tenant, number), cancellation);
        if (conversation?.ActivityMinute == minute)
        {
            return conversation;
        }

        await tables.Tenants.DropIfStaleAsync(
            row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, time.GetUtcNow(), cancellation);
        return null;
    }

    private static string After(string list, byte[] starts) => starts.Length == 0
        ? list
        : ConversationRowKeys.Activity(
            list,
            BinaryPrimitives.ReadUInt32BigEndian(starts.AsSpan(starts.Length - PositionLength)),
            BinaryPrimitives.ReadInt32BigEndian(starts.AsSpan(starts.Length - sizeof(int))));

    private static byte[] Append(byte[] starts, string rowKey)
    {
        var (minute, number) = ConversationRowKeys.ReadActivity(rowKey);
        Span<byte> position = stackalloc byte[PositionLength];
        BinaryPrimitives.WriteUInt32BigEndian(position, checked((uint)minute));
        BinaryPrimitives.WriteInt32BigEndian(position[sizeof(uint)..], number);
        return [.. starts.AsSpan(Math.Max(0, starts.Length - MaxBack * PositionLength)), .. position];
    }
}
