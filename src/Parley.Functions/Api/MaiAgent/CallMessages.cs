using Parley.Conversations.Messages;
using Parley.Storage;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Reads the messages of the conversation that a request names.</summary>
internal static class CallMessages
{
    /// <summary>Reads a page, newest first; null for a malformed id, which matches no conversation.</summary>
    public static async Task<CursorPage?> ReadNewestAsync(
        this MessagePages pages, Call call, string conversation, string? cursor, int pageSize)
    {
        if (call.ConversationOrNull(conversation) is { } id)
        {
            return await pages.ReadNewestAsync(id, cursor, pageSize, call.Cancellation);
        }

        Cursors.RequireNone(cursor);
        return null;
    }
}
