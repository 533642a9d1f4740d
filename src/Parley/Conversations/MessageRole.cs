namespace Parley.Conversations;

/// <summary>The role of a message's writer. Rows store the numbers, so they must not change.</summary>
public enum MessageRole
{
    /// <summary>The customer. Only these messages count as unread and cancel follow-ups.</summary>
    Customer = 1,

    /// <summary>An assistant, or a follow-up that was sent.</summary>
    Assistant = 2,

    /// <summary>A member of the tenant's staff.</summary>
    Staff = 3,
}
