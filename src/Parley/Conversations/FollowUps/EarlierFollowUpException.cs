namespace Parley.Conversations.FollowUps;

/// <summary>
/// A follow-up cannot be sent yet, because an earlier one of its conversation is pending. The follow-ups of a
/// conversation are sent by due time, then by creation.
/// </summary>
/// <param name="earlier">The pending follow-up that is sent first.</param>
internal sealed class EarlierFollowUpException(PendingFollowUp earlier)
    : Exception($"Follow-up {earlier.Number} of the chat is due earlier and still pending.");
