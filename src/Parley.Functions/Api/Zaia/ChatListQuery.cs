using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Requests;
using Parley.Storage;

namespace Parley.Functions.Api.Zaia;

/// <summary>The query parameters of lists within a chat: threads and tickets.</summary>
internal sealed class ChatListQuery
{
    /// <summary>The maximum number of entries in a response, and the default.</summary>
    private const int MaxLimit = 1000;

    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.InvalidFields"/>.</exception>
    public ChatListQuery(IQueryCollection query)
    {
        var fields = new QueryFields(query);
        ChatId = fields.RequiredId("chatId");
        Limit = fields.Number("limit", MaxLimit, 1, MaxLimit);
        Cursor = fields.Cursor();
        fields.ThrowIfInvalid();
    }

    public string ChatId { get; }

    public int Limit { get; }

    public string? Cursor { get; }

    /// <summary>The page of a chat that does not exist. A cursor for it is invalid.</summary>
    public T Nothing<T>(T empty)
    {
        Cursors.RequireNone(Cursor);
        return empty;
    }
}
