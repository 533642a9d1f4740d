using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Selects conversations by the state in which they were created; null selects all.</summary>
/// <param name="Text">A part of the contact's name or address, in any case.</param>
/// <param name="ChannelType">The channel type of the inbox.</param>
public sealed record ConversationSearch(string? Text, string? ChannelType)
{
    internal bool SelectsAll => Text is null && ChannelType is null;

    internal bool Matches(string? name, string? address, string? channelType) =>
        (ChannelType is null || ChannelType == channelType)
        && (Text is null || Contains(name, Text) || Contains(address, Text));

    private static bool Contains(string? value, string text) =>
        value?.Contains(text, StringComparison.OrdinalIgnoreCase) is true;
}

/// <summary>A page of conversations, by page number.</summary>
/// <param name="Total">The number of matching conversations on all pages.</param>
public sealed record NumberedPage(IReadOnlyList<Conversation> Conversations, int Total);

/// <summary>
/// Lists conversations by page number, highest number first. Their numbers have no gaps, so every page costs one call
/// for the counter and one for each of its conversations. A list by activity could not be paged so: its pages could
/// only be counted off from the start.
/// </summary>
public sealed class NumberedConversations(ParleyTables tables, ConversationReader reader)
{
    /// <summary>A search looks through so many conversations with the highest numbers: one call reads their rows.</summary>
    public const int MaxSearched = Filters.MaxPerCall;

    /// <summary>The property of a tenant's counter row that holds the last conversation's number.</summary>
    internal const string Counter = "LastConversation";

    /// <param name="tenant">The tenant.</param>
    /// <param name="search">
    /// Rows that a version before 0.3.0 wrote have no name, address and channel, so that no search finds them.
    /// </param>
    /// <param name="page">From 1. A page past the end is empty.</param>
    /// <param name="perPage">
    /// The most conversations of the page. A number whose creation was not completed is left out.
    /// </param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<NumberedPage> ReadAsync(
        TenantId tenant, ConversationSearch search, int page, int perPage, CancellationToken cancellation)
    {
        var counters = await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);
        var last = counters?.GetInt32(Counter) ?? 0;
        var skipped = (long)(page - 1) * perPage;
        if (search.SelectsAll)
        {
            var shown = (int)Math.Clamp(last - skipped, 0, perPage);
            var highest = (int)Math.Max(last - skipped, 0);
            return new NumberedPage(
                await ReadAsync(tenant, [.. Enumerable.Range(0, shown).Select(i => highest - i)], cancellation), last);
        }

        var found = await FindAsync(tenant, search, last, cancellation);
        return new NumberedPage(
            skipped < found.Count
                ? await ReadAsync(tenant, [.. found.Skip((int)skipped).Take(perPage)], cancellation)
                : [],
            found.Count);
    }

    /// <summary>Returns the numbers of matching conversations, highest first.</summary>
    private async Task<List<int>> FindAsync(
        TenantId tenant, ConversationSearch search, int last, CancellationToken cancellation)
    {
        if (last == 0)
        {
            return [];
        }

        var filter = Filters.Range(
            tenant.PartitionKey,
            ConversationRowKeys.Conversation(Math.Max(1, last - MaxSearched + 1)),
            ConversationRowKeys.Conversation(last));
        string[] properties = ["RowKey", "Name", "Address", "Channel"];
        var found = await tables.Tenants
            .QueryAsync<TableEntity>(filter, MaxSearched, properties, cancellation)
            .Where(row => search.Matches(row.GetString("Name"), row.GetString("Address"), row.GetString("Channel")))
            .Select(row => KeyParts.LastNumber(row.RowKey))
            .ToListAsync(cancellation);
        found.Reverse();
        return found;
    }

    private async Task<IReadOnlyList<Conversation>> ReadAsync(
        TenantId tenant, IReadOnlyList<int> numbers, CancellationToken cancellation)
    {
        var heads = await Workers.RunAsync(
            numbers,
            TableReads.Width,
            number => reader.FindAsync(new ConversationKey(tenant, number), cancellation));
        return [.. heads.OfType<Conversation>()];
    }
}
