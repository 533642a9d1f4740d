namespace Parley.Core;

/// <summary>A failure that the caller is told about, as a problem (RFC 9457).</summary>
public sealed class ParleyException : Exception
{
    /// <summary>A failure with a code and one sentence for the caller.</summary>
    public ParleyException(ErrorCode code, string detail, Exception? cause = null)
        : base(detail, cause) => Code = code;

    /// <summary>Invalid fields; every one of them is listed.</summary>
    public ParleyException(IReadOnlyDictionary<string, IReadOnlyList<string>> fieldErrors)
        : this(ErrorCode.InvalidFields, "Some fields are not valid: " + string.Join(", ", fieldErrors.Keys) + ".") => FieldErrors = fieldErrors;

    /// <summary>The stable code.</summary>
    public ErrorCode Code { get; }

    /// <summary>Texts per field (dotted paths), for <see cref="ErrorCode.InvalidFields"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? FieldErrors { get; }

    /// <summary>How long to wait before trying again; null when nobody knows.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Too many writes at once, and nothing was stored.</summary>
    public static ParleyException Busy() =>
        new(ErrorCode.Busy, "Too many writes at once; nothing was stored. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>Storage did not answer: what was asked for may have been stored, or may be yet.</summary>
    public static ParleyException StorageUnavailable(string detail, Exception? cause = null) =>
        new(ErrorCode.StorageUnavailable, detail, cause) { RetryAfter = TimeSpan.FromSeconds(2) };

    /// <summary>
    /// For a write of which it cannot be told any more whether it was stored: it was not seen, but may still arrive, or was overwritten.
    /// </summary>
    public static ParleyException OutcomeUnknown() =>
        StorageUnavailable("Storage did not answer in time; it is not known whether this was stored. Look, or try again.");

    /// <summary>One invalid field.</summary>
    public static ParleyException Field(string field, string text) =>
        new(new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { [field] = [text] });
}
