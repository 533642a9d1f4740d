using Parley.Core;

namespace Parley.Storage;

/// <summary>Implements If-Match for rows that have a revision.</summary>
internal static class Revisions
{
    /// <summary>Rejects a write of a client that has read another revision.</summary>
    /// <param name="expected">True for the revisions in If-Match; null without the header.</param>
    /// <param name="revision">The row's revision.</param>
    /// <param name="entity">The kind of entity, for the message.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.StaleRevision"/>.</exception>
    public static void Require(Func<int, bool>? expected, int revision, string entity)
    {
        if (expected is not null && !expected(revision))
        {
            throw ErrorCode.StaleRevision.With(
                $"The {entity} is at revision {revision}. Read it again, then repeat the change if it still applies.");
        }
    }
}
