using System.Globalization;
using Parley.Core;
using Parley.Storage.ChangeLog;

namespace Parley.Events;

/// <summary>One change of the feed.</summary>
/// <param name="Position">Its place in the tenant's feed.</param>
/// <param name="At">The time of its transaction, by the clock of storage.</param>
/// <param name="Conversation">The UUID of its conversation; null for an object outside conversations.</param>
/// <param name="Actor">Who made it; null for Parley itself.</param>
public sealed record FeedChange(
    TenantId Tenant,
    FeedPosition Position,
    DateTimeOffset At,
    Guid? Conversation,
    ChangeActor? Actor,
    Change Change)
{
    /// <summary>
    /// Identifies the change for good: tenant, conversation, sequence and index; of an object outside conversations the
    /// kind, number and revision.
    /// </summary>
    public string Id => Position.IsInConversation
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{Tenant.Number}-{Position.Number}-{Position.Sequence}-{Position.Index}")
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{Tenant.Number}-{KindName}-{Position.Number}-{Position.Sequence}");

    private string KindName => Change.Type.Name().Split('.')[0];
}

/// <summary>A part of the feed.</summary>
/// <param name="Next">Where the next part begins: behind the changes that were looked through.</param>
/// <param name="IsAtEnd">True when everything that can be read now has been looked through.</param>
public sealed record FeedPage(IReadOnlyList<FeedChange> Changes, FeedPosition Next, bool IsAtEnd);
