using Parley.Conversations;
using Parley.Functions.Http;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Functions.Conversations;

/// <summary>Ids in paths.</summary>
internal static class ConversationIds
{
    /// <summary>The conversation that a path names.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ConversationNotFound"/>: a malformed id in a path is the same as an unknown one.</exception>
    public static ConversationRef Conversation(this Call call, string id) =>
        ConversationRef.TryParse(id, call.Caller.Tenant, out var reference) ? reference : throw ConversationReader.NotFound();
}
