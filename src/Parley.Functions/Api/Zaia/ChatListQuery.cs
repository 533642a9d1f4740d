using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Requests;
using Parley.Storage;

namespace Parley.Functions.Api.Zaia;

/// <summary>The query of the lists of what a chat has: its threads, its tickets.</summary>
internal sealed class ChatListQuery
{
    /// <summary>The most entries of an answer, and how many when the client does not say.</summary>
    private const int MaxLimit = 1000;

    /// <summary>Reads it.</summary>
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

    /// <summary>The page of a chat that does not exist.</summary>
    public T Nothing<T>(T empty)
    {
        Cursors.RequireNone(Cursor);
        return empty;
    }
}
