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
    internal async IAsyncEnumerable<ScannedPage> ReadAsync(
        IAsyncEnumerable<ConversationKey> conversations,
        DateTimeOffset from,
        DateTimeOffset until,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ahead = new Queue<PagesAhead>();
        try
        {
            await foreach (var conversation in conversations.WithCancellation(cancellation))
            {
                ahead.Enqueue(new PagesAhead(conversation, Pages(conversation, from, until, ending.Token)));
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
