namespace Parley.Core;

/// <summary>A failure that the API returns to the caller as a problem (RFC 9457).</summary>
public sealed class ParleyException : Exception
{
    /// <param name="detail">One sentence for the caller.</param>
    public ParleyException(ErrorCode code, string detail, Exception? cause = null)
        : base(detail, cause) => Code = code;

    /// <summary><see cref="ErrorCode.InvalidFields"/> with all invalid fields.</summary>
    public ParleyException(IReadOnlyDictionary<string, IReadOnlyList<string>> fieldErrors)
        : this(ErrorCode.InvalidFields, "Some fields are not valid: " + string.Join(", ", fieldErrors.Keys) + ".") =>
        FieldErrors = fieldErrors;

    public ErrorCode Code { get; }

    /// <summary>Messages by field (dotted paths), for <see cref="ErrorCode.InvalidFields"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? FieldErrors { get; }

    /// <summary>The names of the exceeded policies, for <see cref="ErrorCode.QuotaExceeded"/>.</summary>
    public IReadOnlyList<string>? ViolatedPolicies { get; init; }

    /// <summary>The delay before the next attempt; null if unknown.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>True when the cause has its own, rate-limited line in the log.</summary>
    public bool IsLogged { get; init; }

    /// <summary><see cref="ErrorCode.Busy"/>: nothing was stored.</summary>
    public static ParleyException Busy() =>
        new(ErrorCode.Busy, "Too many writes at once; nothing was stored. Try again.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>Storage did not respond: a write may have been stored, or may still be stored later.</summary>
    /// <param name="isLogged">See <see cref="IsLogged"/>.</param>
    public static ParleyException StorageUnavailable(string detail, Exception? cause = null, bool isLogged = false) =>
        new(ErrorCode.StorageUnavailable, detail, cause) { RetryAfter = TimeSpan.FromSeconds(2), IsLogged = isLogged };

    /// <summary>
    /// A write with an unknown outcome: it was not found when storage was read again, but it may still arrive, or it
    /// may have been overwritten.
    /// </summary>
    public static ParleyException OutcomeUnknown() =>
        StorageUnavailable(
            "Storage did not answer in time; it is not known whether this was stored. Look, or try again.");

    /// <summary><see cref="ErrorCode.InvalidFields"/> with one field.</summary>
    public static ParleyException Field(string field, string text) =>
        new(new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { [field] = [text] });
}
