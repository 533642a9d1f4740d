using Parley.Core;

namespace Parley.Storage;

/// <summary>If-Match, for every row that has a revision.</summary>
internal static class Revisions
{
    /// <summary>Refuses a write by a client that has read another revision.</summary>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="revision">The row's.</param>
    /// <param name="what">What the row is, for the text.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.StaleRevision"/>.</exception>
    public static void Require(Func<int, bool>? expected, int revision, string what)
    {
        if (expected is not null && !expected(revision))
        {
            throw ErrorCode.StaleRevision.With($"The {what} is at revision {revision}. Read it again and decide anew.");
        }
    }
}
