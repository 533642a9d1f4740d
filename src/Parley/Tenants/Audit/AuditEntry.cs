using Parley.Core;

namespace Parley.Tenants.Audit;

/// <summary>The kind of caller of an administrative call. Rows store the numbers.</summary>
public enum AuditActor
{
    /// <summary>A caller with the administration key.</summary>
    Administrator = 1,

    /// <summary>An API key of the tenant.</summary>
    Key = 2,

    /// <summary>A caller without a valid key. Only refused calls have this actor.</summary>
    Unknown = 3,

    /// <summary>The subject of an access token of another issuer.</summary>
    Subject = 4,
}

/// <summary>The administrative action. Rows store the numbers; the API shows the names in snake_case.</summary>
public enum AuditAction
{
    TenantCreated = 1,
    TenantRenamed = 2,
    TenantSuspended = 3,
    TenantResumed = 4,
    TenantDeleted = 5,
    KeyCreated = 6,
    KeyRotated = 7,
    KeyRevoked = 8,
    WebhookSecretRotated = 9,

    /// <summary>An administrative call by a caller who must not make it.</summary>
    CallRefused = 10,
}

/// <summary>The caller and the request of an administrative call.</summary>
/// <param name="Key">The number of the API key in its tenant; null unless the actor is a key.</param>
/// <param name="RequestId">The id of the request, as in problems (<c>traceId</c>) and in the log.</param>
public sealed record AuditOrigin(AuditActor Actor, int? Key, string RequestId)
{
    /// <summary>The issuer of the subject's token; null unless the actor is a subject.</summary>
    public string? Issuer { get; init; }

    /// <summary>The issuer's id of the subject; null unless the actor is a subject.</summary>
    public string? Subject { get; init; }
}

/// <summary>An entry of the audit log. It has no names, no texts of keys and no secrets.</summary>
/// <param name="Id">16 hexadecimal digits, unique in its log.</param>
/// <param name="At">The time at which the request began.</param>
/// <param name="Target">
/// The changed object: <c>tenant:5</c> or <c>key:3</c>; of a rotation, the replaced key; of a refused call, the name of
/// its operation.
/// </param>
/// <param name="Omitted">
/// Refused calls before this one that have no entry of their own; see <see cref="RefusedCalls"/>.
/// </param>
public sealed record AuditEntry(
    string Id, DateTimeOffset At, AuditOrigin Origin, AuditAction Action, string Target, int Omitted)
{
    /// <summary>
    /// False for <see cref="AuditAction.CallRefused"/>. An entry of a change exists only if the change happened.
    /// </summary>
    public bool IsDone => Action != AuditAction.CallRefused;

    /// <summary><see cref="Target"/> for a tenant.</summary>
    public static string OfTenant(TenantId tenant) => $"tenant:{tenant.Number}";

    /// <summary><see cref="Target"/> for an API key, by its number in its tenant.</summary>
    public static string OfKey(int number) => $"key:{number}";
}
