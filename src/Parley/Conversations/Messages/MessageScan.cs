using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>Some messages of one conversation, in their order.</summary>
/// <param name="Title">The conversation's title.</param>
internal sealed record ScannedPage(string? Title, IReadOnlyList<Message> Messages);

/// <summary>
/// Reads the messages of many conversations in a time range, one conversation after the other, for exports.
/// </summary>
public sealed class MessageScan(ParleyTables tables)
{
    /// <summary>
    /// The number of conversations whose first page is read ahead: Table Storage answers several partitions as fast as
    /// one.
    /// </summary>
    public const int Width = 4;

    /// <summary>
    /// Reads the messages of each conversation, by number: one call for each conversation and for every further
    /// thousand of its messages. Memory holds a page for each of <see cref="Width"/> conversations and one more of the
    /// current one. A page has at most 4 MiB.
    /// </summary>
    /// <param name="from">The start of the range, inclusive.</param>
    /// <param name="until">The end of the range, exclusive.</param>
    /// <param name="after">
    /// A message of the first conversation, behind which the scan begins; null for the beginning.
    /// </param>
    internal async IAsyncEnumerable<ScannedPage> ReadAsync(
        IAsyncEnumerable<ConversationKey> conversations,
        DateTimeOffset from,
        DateTimeOffset until,
        MessageKey? after,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ahead = new Queue<PagesAhead>();
        try
        {
            await foreach (var conversation in conversations.WithCancellation(cancellation))
            {
                var pages = after is { } last && last.Conversation == conversation
                    ? PagesAfter(last, from, until, ending.Token)
                    : Pages(conversation, from, until, ending.Token);
                ahead.Enqueue(new PagesAhead(conversation, pages));
                if (ahead.Count > Width)
                {
                    await foreach (var page in TakeAsync())
                    {
                        yield return page;
                    }
                }
            }

            while (ahead.Count > 0)
            {
                await foreach (var page in TakeAsync())
                {
                    yield return page;
                }
            }
        }
        finally
        {
            ending.Cancel();
            foreach (var reading in ahead)
            {
                await reading.DisposeAsync();
            }
        }

        async IAsyncEnumerable<ScannedPage> TakeAsync()
        {
            await using var reading = ahead.Dequeue();
            while (await reading.NextAsync() is { } page)
            {
                yield return page;
            }
        }
    }

    /// <summary>
    /// Reads the head, for the title, and the messages of the range with one query. It covers the keys of both, and the
    /// service leaves out rows that match neither.
    /// </summary>
    private IAsyncEnumerable<Page<TableEntity>> Pages(
        ConversationKey conversation,
        DateTimeOffset from,
        DateTimeOffset until,
        CancellationToken cancellation)
    {
        var span = Filters.Range(
            conversation.PartitionKey,
            ConversationRowKeys.Head,
            MessageRowKeys.Message(MessageKey.MaxSequence));
        var selected = TableClient.CreateQueryFilter(
            $"RowKey eq {ConversationRowKeys.Head} or (CreatedAt ge {from} and CreatedAt lt {until})");
        return tables.Conversations
            .QueryAsync<TableEntity>(Filters.And(span, selected), Filters.MaxPerCall, cancellationToken: cancellation)
            .AsPages();
    }

    /// <summary>
    /// Reads the head by its key, for the title, and the messages behind one by a range of keys: of the rows between
    /// the two, none is read.
    /// </summary>
    private async IAsyncEnumerable<Page<TableEntity>> PagesAfter(
        MessageKey last,
        DateTimeOffset from,
        DateTimeOffset until,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var partition = last.Conversation.PartitionKey;
        var head = await tables.Conversations.GetEntityAsync<TableEntity>(
            partition, ConversationRowKeys.Head, cancellationToken: cancellation);
        yield return Page<TableEntity>.FromValues([head.Value], continuationToken: null, head.GetRawResponse());
        var behind = Filters.Range(
            partition,
            MessageRowKeys.Message(last.Sequence + 1),
            MessageRowKeys.Message(MessageKey.MaxSequence));
        var selected = TableClient.CreateQueryFilter($"CreatedAt ge {from} and CreatedAt lt {until}");
        var pages = tables.Conversations
            .QueryAsync<TableEntity>(Filters.And(behind, selected), Filters.MaxPerCall, cancellationToken: cancellation)
            .AsPages();
        await foreach (var page in pages)
        {
            yield return page;
        }
    }

    /// <summary>The pages of one conversation. The next page is always being read.</summary>
    private sealed class PagesAhead : IAsyncDisposable
    {
        private readonly ConversationKey conversation;
        private readonly IAsyncEnumerator<Page<TableEntity>> pages;
        private Task<bool> next;
        private string? title;

        public PagesAhead(ConversationKey conversation, IAsyncEnumerable<Page<TableEntity>> pages)
        {
            this.conversation = conversation;
            this.pages = pages.GetAsyncEnumerator(CancellationToken.None);
            next = this.pages.MoveNextAsync().AsTask();
        }

        public async Task<ScannedPage?> NextAsync()
        {
            if (!await next)
            {
                return null;
            }

            var rows = pages.Current.Values;
            next = pages.MoveNextAsync().AsTask();
            var first = 0;
            if (rows.Count > 0 && rows[0].RowKey == ConversationRowKeys.Head)
            {
                (title, first) = (rows[0].GetString("Title"), 1);
            }

            // The filter matches every row of these keys with such a time. The idempotency keys between them have none.
            return new ScannedPage(title, [.. rows.Skip(first).Select(row => MessageRow.Read(row, conversation))]);
        }

        public async ValueTask DisposeAsync()
        {
            await ((Task)next).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await pages.DisposeAsync();
        }
    }
}
