using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>Reads single messages: one point read each.</summary>
public sealed class MessageReader(ParleyTables tables)
{
    /// <summary>One message.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.MessageNotFound"/>: also for a wrong check and another tenant's id.</exception>
    public async Task<Message> GetAsync(EntityRef<MessageKey> id, CancellationToken cancellation) =>
        await MessageRow.FindAsync(tables, id.Key, cancellation) is { } message && id.Matches(message.Check) ? message : throw NotFound();

    /// <summary>What is answered for every id that names no message of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.MessageNotFound.With("There is no such message.");
}
